#include "overlay_tables.hpp"

#include <nlohmann/json.hpp>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

using Json = nlohmann::ordered_json;
using study::Overlay;
using study::OverlayKind;

[[noreturn]] void broken() {
    throw pipeline::unreadable("a decision of the store cannot be read");
}

void read_value(std::string_view text, Overlay& overlay) {
    try {
        const Json json = Json::parse(text);
        switch (overlay.kind) {
            case OverlayKind::subject:
                overlay.subject = SubjectId{json.at("subject").get<std::int64_t>()};
                overlay.from = SubjectId{json.value("from", std::int64_t{0})};
                return;
            case OverlayKind::visit:
                overlay.visit = json.at("visit").get<std::string>();
                return;
            case OverlayKind::accept:
                overlay.rule = static_cast<Code>(json.at("rule").get<int>());
                overlay.value = json.at("value").get<std::string>();
                overlay.unit = json.at("unit").get<std::string>();
                return;
            case OverlayKind::ignore:
                overlay.reason_code = json.at("reason").get<std::string>();
                return;
        }
    } catch (const Json::exception&) {
        broken();
    }
}

}  // namespace

std::string overlay_value(const Overlay& overlay) {
    Json json;
    switch (overlay.kind) {
        case OverlayKind::subject:
            json["subject"] = overlay.subject.value;
            if (overlay.from) json["from"] = overlay.from.value;
            break;
        case OverlayKind::visit:
            json["visit"] = overlay.visit;
            break;
        case OverlayKind::accept:
            json["rule"] = static_cast<int>(overlay.rule);
            json["value"] = overlay.value;
            json["unit"] = overlay.unit;
            break;
        case OverlayKind::ignore:
            json["reason"] = overlay.reason_code;
            break;
    }
    return json.dump();
}

Overlay overlay_from(OverlayKind kind, std::string_view value) {
    Overlay overlay;
    overlay.kind = kind;
    read_value(value, overlay);
    return overlay;
}

std::vector<Overlay> read_overlays(Connection& database, MessageId message) {
    std::vector<Overlay> overlays;
    auto query = database.prepare(
        "SELECT overlay_id, ordinal, kind, value, ended_us, settled FROM overlay "
        "WHERE message_id = ? AND (ended_us IS NULL OR settled = 0) ORDER BY overlay_id");
    query.bind(message.value);
    while (query.step()) {
        const auto kind = study::overlay_kind_from(query.text(2));
        if (!kind) broken();
        Overlay& overlay = overlays.emplace_back(overlay_from(*kind, query.text(3)));
        overlay.id = query.integer(0);
        overlay.ordinal = static_cast<std::int32_t>(query.integer(1));
        overlay.ended = !query.is_null(4);
        overlay.news = !query.flag(5);
    }
    return overlays;
}

void settle_overlays(Connection& database, MessageId message) {
    database.prepare("UPDATE overlay SET settled = 1 WHERE message_id = ? AND settled = 0")
        .bind(message.value)
        .run();
}

}  // namespace labrelay::store
