#include "labrelay/targets/odm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace labrelay::targets {
namespace {

constexpr const char* kOdmNamespace = "http://www.cdisc.org/ns/odm/v1.3";
constexpr const char* kRaveNamespace = "http://www.mdsol.com/ns/odm/metadata";

void set(pugi::xml_node node, const char* name, const std::string& value) {
    node.append_attribute(name).set_value(value.c_str());
}

void set_if(pugi::xml_node node, const char* name, const std::string& value) {
    if (!value.empty()) {
        set(node, name, value);
    }
}

/// Seconds are enough for an audit record, and every ODM reader knows them.
std::string seconds(Instant instant) {
    return to_iso(instant).substr(0, 19) + "Z";
}

class StringWriter final : public pugi::xml_writer {
public:
    void write(const void* data, std::size_t size) override {
        text.append(static_cast<const char*>(data), size);
    }
    std::string text;
};

/// The subject's part of a document. Item groups are found again by their keys, so that the items
/// of one repetition stand together whatever the order they came in.
class SubjectWriter {
public:
    SubjectWriter(const OdmHeader& header, OdmProfile profile)
        : header_(header),
          transactional_(header.file_type == OdmFileType::transactional),
          rave_(profile == OdmProfile::rave) {}

    std::string write(std::span<const OdmSubjectEvent> events) {
        pugi::xml_node subject = document_.append_child("SubjectData");
        set(subject, "SubjectKey", events.front().subject_key);
        transaction(subject, "Context");
        set(subject.append_child("SiteRef"), "LocationOID", events.front().site_oid);
        for (const OdmSubjectEvent& event : events) {
            write_event(subject, event);
        }
        StringWriter writer;
        document_.first_child().print(writer, " ", pugi::format_indent, pugi::encoding_utf8, 2);
        return std::move(writer.text);
    }

private:
    void transaction(pugi::xml_node node, const char* type) const {
        if (transactional_) {
            set(node, "TransactionType", type);
        }
    }

    void write_event(pugi::xml_node subject, const OdmSubjectEvent& event) {
        for (const OdmItem& item : event.items) {
            if (transactional_ || !item.remove) {
                write_item(group_of(subject, event, item), event, item);
            }
        }
    }

    pugi::xml_node group_of(pugi::xml_node subject, const OdmSubjectEvent& event,
                            const OdmItem& item) {
        pugi::xml_node& visit = events_[{event.event_oid, event.event_repeat_key}];
        if (!visit) {
            visit = subject.append_child("StudyEventData");
            set(visit, "StudyEventOID", event.event_oid);
            set_if(visit, "StudyEventRepeatKey", event.event_repeat_key);
            transaction(visit, "Upsert");
        }
        pugi::xml_node& form = forms_[{event.event_oid, event.event_repeat_key, item.form_oid}];
        if (!form) {
            form = visit.append_child("FormData");
            set(form, "FormOID", item.form_oid);
            transaction(form, "Upsert");
        }
        pugi::xml_node& group = groups_[{event.event_oid, event.event_repeat_key, item.form_oid,
                                         item.item_group_oid, item.group_repeat_key}];
        if (!group) {
            group = form.append_child("ItemGroupData");
            set(group, "ItemGroupOID", item.item_group_oid);
            set_if(group, "ItemGroupRepeatKey", item.group_repeat_key);
            transaction(group, "Upsert");
            if (rave_) {
                set(group, "mdsol:Submission", "SpecifiedItemsOnly");
            }
        }
        return group;
    }

    void write_item(pugi::xml_node group, const OdmSubjectEvent& event, const OdmItem& item) const {
        pugi::xml_node data = group.append_child("ItemData");
        set(data, "ItemOID", item.item_oid);
        if (item.remove) {
            transaction(data, "Remove");
        } else if (item.value.empty()) {
            set(data, "IsNull", "Yes");
        } else {
            set(data, "Value", item.value);
        }
        if (transactional_) {
            write_audit(data, event, item);
        }
        if (!item.unit_oid.empty() && !item.value.empty() && !item.remove) {
            set(data.append_child("MeasurementUnitRef"), "MeasurementUnitOID", item.unit_oid);
        }
    }

    void write_audit(pugi::xml_node data, const OdmSubjectEvent& event, const OdmItem& item) const {
        pugi::xml_node audit = data.append_child("AuditRecord");
        set(audit, "EditPoint", "DataManagement");
        set(audit.append_child("UserRef"), "UserOID", header_.user_oid);
        set(audit.append_child("LocationRef"), "LocationOID", event.site_oid);
        audit.append_child("DateTimeStamp").text().set(seconds(item.at).c_str());
        if (!item.reason.empty()) {
            audit.append_child("ReasonForChange").text().set(item.reason.c_str());
        }
        if (!item.source_id.empty()) {
            audit.append_child("SourceID").text().set(item.source_id.c_str());
        }
    }

    const OdmHeader& header_;
    bool transactional_;
    bool rave_;
    pugi::xml_document document_;
    using Text = std::string_view;  // of the events, which outlive the writer
    std::map<std::tuple<Text, Text>, pugi::xml_node> events_;
    std::map<std::tuple<Text, Text, Text>, pugi::xml_node> forms_;
    std::map<std::tuple<Text, Text, Text, Text, Text>, pugi::xml_node> groups_;
};

/// The keys that say which item is meant, as a person reads them.
std::string keys_of(const OdmSubjectEvent& event, const OdmItem& item) {
    return fmt::format("{} {}[{}] {} {}[{}] {}", event.subject_key, event.event_oid,
                       event.event_repeat_key, item.form_oid, item.item_group_oid,
                       item.group_repeat_key, item.item_oid);
}

/// Whether things with one name all repeat or all do not.
class Repeating {
public:
    bool agrees(const std::string& name, bool repeats) {
        return repeats_.emplace(name, repeats).first->second == repeats;
    }

private:
    std::map<std::string, bool> repeats_;
};

/// XML 1.0 has no way to write them, not even as a reference.
bool is_control_character(char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control_character);
}

tl::unexpected<Error> unwritable(std::string keys) {
    std::replace_if(keys.begin(), keys.end(), is_control_character, '?');
    return fail(Code::export_text_bad, Place{std::move(keys)}, "It holds a control character.");
}

struct SameSubject {
    std::string_view key;
    bool operator()(const OdmSubjectEvent& event) const { return event.subject_key == key; }
};

}  // namespace

Result<void> check_odm(std::span<const OdmSubjectEvent> events) {
    std::map<std::string_view, std::string_view> site_of;
    std::set<std::string> seen;
    Repeating repeating_events;
    Repeating repeating_groups;
    for (const OdmSubjectEvent& event : events) {
        const auto bad = [&](const std::string& place, std::string detail) {
            return fail(Code::export_key_bad, Place{place}, std::move(detail));
        };
        if (event.subject_key.empty() || event.site_oid.empty() || event.event_oid.empty()) {
            return bad(event.subject_key, "The subject's key, its site or the event is empty.");
        }
        if (has_control_characters(event.subject_key + event.site_oid + event.event_oid +
                                   event.event_repeat_key)) {
            return unwritable(fmt::format("{} {}[{}]", event.subject_key, event.event_oid,
                                          event.event_repeat_key));
        }
        if (site_of.emplace(event.subject_key, event.site_oid).first->second != event.site_oid) {
            return bad(event.subject_key, "One subject stands at two sites.");
        }
        if (!repeating_events.agrees(event.event_oid, !event.event_repeat_key.empty())) {
            return bad(event.event_oid,
                       "The event has a repeat key at one place and none at "
                       "another.");
        }
        for (const OdmItem& item : event.items) {
            const std::string keys = keys_of(event, item);
            if (item.form_oid.empty() || item.item_group_oid.empty() || item.item_oid.empty()) {
                return bad(keys, "The form, the group or the item is empty.");
            }
            if (!repeating_groups.agrees(item.form_oid + " " + item.item_group_oid,
                                         !item.group_repeat_key.empty())) {
                return bad(keys, "The group has a repeat key at one place and none at another.");
            }
            if (has_control_characters(keys + item.value + item.unit_oid + item.reason +
                                       item.source_id)) {
                return unwritable(keys);
            }
            if (!seen.insert(keys).second) {
                return fail(Code::export_key_repeated, Place{keys});
            }
        }
    }
    return {};
}

std::string odm_opening(const OdmHeader& header, OdmProfile profile) {
    pugi::xml_document document;
    pugi::xml_node odm = document.append_child("ODM");
    set(odm, "xmlns", kOdmNamespace);
    if (profile == OdmProfile::rave) {
        set(odm, "xmlns:mdsol", kRaveNamespace);
    }
    set(odm, "ODMVersion", "1.3.2");
    set(odm, "FileType",
        header.file_type == OdmFileType::transactional ? "Transactional" : "Snapshot");
    set(odm, "FileOID", header.file_oid);
    set_if(odm, "PriorFileOID", header.prior_file_oid);
    set(odm, "CreationDateTime", seconds(header.created));
    set(odm, "Originator", "labrelay");
    set(odm, "SourceSystem", "labrelay");
    set_if(odm, "SourceSystemVersion", header.source_system_version);
    pugi::xml_node data = odm.append_child("ClinicalData");
    set(data, "StudyOID", header.study_oid);
    set(data, "MetaDataVersionOID", header.metadata_version_oid);
    // A child that stands for the subjects: what follows it is the closing.
    data.append_child("_");
    StringWriter writer;
    document.save(writer, " ", pugi::format_indent | pugi::format_no_declaration,
                  pugi::encoding_utf8);
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
           writer.text.substr(0, writer.text.find("  <_"));
}

std::string odm_subject(const OdmHeader& header, std::span<const OdmSubjectEvent> events,
                        OdmProfile profile) {
    return events.empty() ? std::string() : SubjectWriter(header, profile).write(events);
}

std::string odm_closing() {
    return " </ClinicalData>\n</ODM>\n";
}

std::string odm_transaction(const OdmHeader& header, std::span<const OdmSubjectEvent> events,
                            OdmProfile profile) {
    std::string text = odm_opening(header, profile);
    std::vector<std::string_view> written;
    for (const OdmSubjectEvent& event : events) {
        if (std::find(written.begin(), written.end(), event.subject_key) != written.end()) {
            continue;
        }
        written.emplace_back(event.subject_key);
        std::vector<OdmSubjectEvent> of_subject;
        std::copy_if(events.begin(), events.end(), std::back_inserter(of_subject),
                     SameSubject{event.subject_key});
        text += odm_subject(header, of_subject, profile);
    }
    return text + odm_closing();
}

}  // namespace labrelay::targets
