#include "element.hpp"
#include "loading.hpp"

namespace labrelay::mapping {

UnknownSource load_intake(XmlFile& file) {
    Element root(*file.root(), file);
    root.required("unknown-source");
    const auto chosen = root.choice<UnknownSource>(
        "unknown-source", {{"reject", UnknownSource::reject}, {"hold", UnknownSource::hold}});
    root.finish();
    return chosen.value_or(UnknownSource::reject);
}

}  // namespace labrelay::mapping
