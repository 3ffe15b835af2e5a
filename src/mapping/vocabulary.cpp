#include "labrelay/mapping/vocabulary.hpp"

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <string_view>

#include "schemas.hpp"

namespace labrelay::mapping {
namespace {

/// Reads one schema: elements with their attributes, through the types that it names.
class SchemaReader {
public:
    SchemaReader(const pugi::xml_document& schema, std::map<std::string, VocabularyElement>& all)
        : schema_(schema.document_element()), all_(all) {}

    void read() {
        for (const pugi::xml_node& element : schema_.children("xs:element")) {
            read_element(element);
        }
    }

private:
    pugi::xml_node type_named(const char* kind, std::string_view name) const {
        for (const pugi::xml_node& type : schema_.children(kind)) {
            if (type.attribute("name").value() == name) {
                return type;
            }
        }
        return {};
    }

    void read_element(const pugi::xml_node& element) {
        const std::string name = element.attribute("name").value();
        VocabularyElement& told = all_[name];
        told.name = name;
        if (const char* type = element.attribute("type").value(); *type != '\0') {
            read_content(type_named("xs:complexType", type), name);
        }
        read_content(element, name);
    }

    /// Attributes and elements below, whatever groups them; an element's own are its own.
    void read_content(const pugi::xml_node& node, const std::string& name) {
        for (const pugi::xml_node& child : node.children()) {
            const std::string_view kind = child.name();
            if (kind == "xs:attribute") {
                add_attribute(all_[name], child);
            } else if (kind == "xs:element") {
                add_once(all_[name].children, child.attribute("name").value());
                read_element(child);
            } else if (kind == "xs:extension") {
                read_content(type_named("xs:complexType", child.attribute("base").value()), name);
                read_content(child, name);
            } else {
                read_content(child, name);
            }
        }
    }

    void add_attribute(VocabularyElement& element, const pugi::xml_node& attribute) const {
        const std::string name = attribute.attribute("name").value();
        auto known =
            std::ranges::find(element.attributes, name, &VocabularyElement::Attribute::name);
        if (known == element.attributes.end()) {
            known = element.attributes.insert(element.attributes.end(), {name, {}});
        }
        add_values(known->values, attribute);
        add_values(known->values, type_named("xs:simpleType", attribute.attribute("type").value()));
    }

    static void add_values(std::vector<std::string>& values, const pugi::xml_node& node) {
        for (const pugi::xml_node& child : node.children()) {
            if (std::string_view(child.name()) == "xs:enumeration") {
                add_once(values, child.attribute("value").value());
            } else {
                add_values(values, child);
            }
        }
    }

    static void add_once(std::vector<std::string>& all, std::string one) {
        if (std::ranges::find(all, one) == all.end()) {
            all.push_back(std::move(one));
        }
    }

    pugi::xml_node schema_;
    std::map<std::string, VocabularyElement>& all_;
};

std::vector<VocabularyElement> read_schemas() {
    std::map<std::string, VocabularyElement> all;
    for (const std::string_view text : schemas()) {
        pugi::xml_document schema;
        schema.load_buffer(text.data(), text.size());
        SchemaReader(schema, all).read();
    }
    std::vector<VocabularyElement> elements;
    for (auto& [name, element] : all) {
        elements.push_back(std::move(element));
    }
    return elements;
}

}  // namespace

const std::vector<VocabularyElement>& mapping_vocabulary() {
    static const std::vector<VocabularyElement> kElements = read_schemas();
    return kElements;
}

}  // namespace labrelay::mapping
