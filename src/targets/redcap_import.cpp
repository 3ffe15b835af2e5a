// Sending a prepared batch: what REDCap refuses is found and taken out, what it took is read again.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "labrelay/targets/redcap_target.hpp"
#include "redcap_fate.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::DeliveryAnswer;
using delivery::ReadBack;
using delivery::Standing;
using delivery::TargetAnswer;
using Kind = RedcapAnswer::Kind;

std::string value_in(const RedcapFields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
}

/// What must not be repeated of a row: its values and its record.
std::vector<std::string> secrets_of(const RedcapRow& row) {
    std::vector<std::string> secrets{row.place.record};
    for (const auto& [name, value] : row.fields) {
        secrets.push_back(value);
    }
    return secrets;
}

std::string where_of(const RedcapRow& row) {
    std::string where;
    if (!row.place.event.empty()) {
        where += " at " + row.place.event;
    }
    if (!row.place.instance.empty()) {
        where += fmt::format(", {} instance {}", row.place.instrument, row.place.instance);
    }
    return where;
}

bool is_about(const RedcapCell& cell, const RedcapRow& row) {
    // Old servers write `S-004 (month_3_arm_1)`.
    const bool record = cell.record == row.place.record ||
                        cell.record == fmt::format("{} ({})", row.place.record, row.place.event);
    const auto field = row.fields.find(cell.field);
    return record && field != row.fields.end() && field->second == cell.value;
}

/// What the named cells say about a row.
struct RowVerdict {
    const RedcapCell* cell = nullptr;  ///< one that can only be this row's
    bool suspect = false;              ///< a cell that can be this row's or another's
};

std::vector<RowVerdict> judge_rows(const std::vector<RedcapRow>& rows,
                                   const std::vector<RedcapCell>& cells) {
    std::vector<RowVerdict> verdicts(rows.size());
    std::vector<std::vector<std::size_t>> fitting;
    for (const RedcapCell& cell : cells) {
        std::vector<std::size_t>& fits = fitting.emplace_back();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (is_about(cell, rows[i])) {
                fits.push_back(i);
            }
        }
        if (fits.size() == 1) {
            const RedcapCell*& of_row = verdicts[fits[0]].cell;
            // A field of the map says more than the form's completeness.
            if (of_row == nullptr || of_row->field.ends_with("_complete")) {
                of_row = &cell;
            }
        }
    }
    for (const std::vector<std::size_t>& fits : fitting) {
        // A cell that a row explains which is bad anyhow accuses no other.
        const bool explained = std::any_of(
            fits.begin(), fits.end(), [&](std::size_t i) { return verdicts[i].cell != nullptr; });
        for (const std::size_t i : fits) {
            verdicts[i].suspect = verdicts[i].suspect || !explained;
        }
    }
    return verdicts;
}

/// The target's words about one cell, beside our field and place.
std::string words_about(const RedcapCell& cell, const RedcapRow& row) {
    return fmt::format("field {}{}: {}", cell.field, where_of(row),
                       without(cell.message, secrets_of(row)));
}

}  // namespace

ReadBack compare_with_sent(const Delivery& delivery, const RedcapRecords& there) {
    ReadBack reading;
    bool all_found = true;
    const auto standing = [](const std::vector<Standing>& list, std::int64_t number) {
        const auto found = std::find_if(list.begin(), list.end(),
                                        [&](const Standing& one) { return one.number == number; });
        return found == list.end() ? Standing{} : *found;
    };
    for (const delivery::DeliveredResult& result : delivery.results) {
        const Standing sent = standing(delivery.standings.sending, result.number);
        if (sent.place.empty()) {
            continue;
        }
        const Standing before = standing(delivery.standings.written, result.number);
        const RedcapPlace place = place_from(sent.place);
        const RedcapFields wanted = fields_from(sent.content);
        const RedcapFields ours =
            place_from(before.place) == place ? fields_from(before.content) : RedcapFields{};
        RedcapFields names = wanted;
        names.insert(ours.begin(), ours.end());
        const auto row = there.rows.find(place);
        bool found = true;
        bool as_before = true;
        std::string odd;
        for (const auto& [name, value] : names) {
            const std::string here = row == there.rows.end() ? "" : value_in(row->second, name);
            found = found && here == value_in(wanted, name);
            as_before = as_before && here == value_in(ours, name);
            if (here != value_in(wanted, name) && here != value_in(ours, name)) {
                odd = name;
            }
        }
        if (found) {
            reading.stands.push_back(sent);
        } else if (as_before || odd.empty()) {
            all_found = false;
        } else {
            reading.refusals.push_back(
                {result.number, Code::target_value_edited,
                 fmt::format("field {}{}: the answer was lost, and neither what was sent stands "
                             "there nor what was there before",
                             odd, where_of(RedcapRow{place, {}}))});
        }
    }
    reading.kind = !all_found                 ? ReadBack::Kind::not_found
                   : reading.refusals.empty() ? ReadBack::Kind::found
                                              : ReadBack::Kind::differs;
    return reading;
}

TargetAnswer RedcapTarget::deliver(const std::vector<Delivery>& deliveries) {
    Fates fates;
    send(plan_.rows, true, fates);
    std::vector<RedcapRow> written;
    for (const RedcapRow& row : plan_.rows) {
        if (fates[row.place].kind == RedcapFate::Kind::written) {
            written.push_back(row);
        }
    }
    if (!written.empty()) {
        prove(written, fates);
    }
    TargetAnswer answer{TargetAnswer::Kind::each, {}, false, {}};
    bool all_waiting = true;
    bool is_stopped = false;
    for (const auto& [place, fate] : fates) {
        if (fate.kind == RedcapFate::Kind::unknown || fate.kind == RedcapFate::Kind::not_sent ||
            fate.kind == RedcapFate::Kind::stopped) {
            answer.why = fate.why;
        }
        is_stopped = is_stopped || fate.kind == RedcapFate::Kind::stopped;
        all_waiting = all_waiting && (fate.kind == RedcapFate::Kind::not_sent ||
                                      fate.kind == RedcapFate::Kind::stopped);
    }
    if (all_waiting && !fates.empty()) {
        answer.kind = is_stopped ? TargetAnswer::Kind::stopped : TargetAnswer::Kind::retry;
        return answer;
    }
    for (const Delivery& delivery : deliveries) {
        answer.each.push_back(answer_of(delivery, fates));
    }
    return answer;
}

DeliveryAnswer RedcapTarget::answer_of(const Delivery& delivery, const Fates& fates) const {
    DeliveryAnswer answer;
    bool waits = false;
    bool lost = false;
    const auto sending = sending_.find(delivery.id);
    if (sending == sending_.end()) {
        return answer;
    }
    for (const Standing& one : sending->second) {
        const auto fate = fates.find(place_from(one.place));
        if (fate == fates.end() || fate->second.kind == RedcapFate::Kind::written) {
            answer.stands.push_back(one);
        } else if (fate->second.kind == RedcapFate::Kind::refused) {
            answer.refusals.push_back({one.number, Code::delivery_rejected, fate->second.why});
        } else {
            waits = waits || fate->second.kind != RedcapFate::Kind::unknown;
            lost = lost || fate->second.kind == RedcapFate::Kind::unknown;
            answer.why = fate->second.why;
        }
    }
    // What went through beside something that was not sent is told apart by reading back.
    if (lost || (waits && !answer.stands.empty())) {
        answer.kind = DeliveryAnswer::Kind::unknown;
    } else if (waits) {
        answer.kind = DeliveryAnswer::Kind::retry;
    } else if (!answer.refusals.empty()) {
        answer.kind = DeliveryAnswer::Kind::rejected;
    }
    const auto already = already_.find(delivery.id);
    if (already != already_.end()) {
        answer.stands.insert(answer.stands.end(), already->second.begin(), already->second.end());
    }
    return answer;
}

RedcapAnswer RedcapTarget::import(const std::vector<RedcapRow>& rows, bool blanks) {
    RedcapAnswer answer =
        client_.call({{"content", "record"},
                      {"action", "import"},
                      {"type", map_.format == study::RedcapMap::Format::flat ? "flat" : "eav"},
                      {"overwriteBehavior", blanks ? "overwrite" : "normal"},
                      {"forceAutoNumber", "false"},
                      {"dateFormat", "YMD"},
                      {"returnContent", "count"},
                      {"data", redcap_data(rows, map_, project_->record_field)}});
    if (answer.kind == Kind::accepted) {
        const nlohmann::json parsed = nlohmann::json::parse(answer.body, nullptr, false);
        const bool counted = parsed.is_object() && parsed.contains("count");
        if (!counted && !parsed.is_number()) {
            answer.kind = Kind::lost;
            answer.why = "the answer to an import is cut short";
        }
    }
    return answer;
}

void RedcapTarget::send(const std::vector<RedcapRow>& rows, bool may_strip, Fates& fates) {
    if (rows.empty()) {
        return;
    }
    const RedcapAnswer answer = import(rows, plan_.blanks);
    RedcapFate fate;
    fate.why = answer.why;
    switch (answer.kind) {
        case Kind::accepted:
            fate.kind = RedcapFate::Kind::written;
            break;
        case Kind::refused:
            strip_or_halve(rows, answer, may_strip, fates);
            return;
        case Kind::stopped:
            fate.kind = RedcapFate::Kind::stopped;
            break;
        case Kind::away:
            fate.kind = RedcapFate::Kind::not_sent;
            break;
        case Kind::lost:
            fate.kind = RedcapFate::Kind::unknown;
            break;
    }
    for (const RedcapRow& row : rows) {
        fates[row.place] = fate;
    }
}

/// A refused import wrote nothing. Where REDCap names the cells, their rows are taken out and the
/// rest is sent once more; where it does not, or names them so that they fit several rows, halves
/// are tried until the bad row stands alone.
void RedcapTarget::strip_or_halve(const std::vector<RedcapRow>& rows, const RedcapAnswer& answer,
                                  bool may_strip, Fates& fates) {
    if (rows.size() == 1) {
        const RedcapRow& row = rows.front();
        std::string words;
        for (const RedcapCell& cell : answer.cells) {
            words += (words.empty() ? "" : "; ") + words_about(cell, row);
        }
        for (const std::string& field : answer.fields) {
            words += fmt::format("{}field {}{}: is not in the project", words.empty() ? "" : "; ",
                                 field, where_of(row));
        }
        if (words.empty()) {
            words = without(answer.why, secrets_of(row)) + where_of(row);
        }
        fates[row.place] = {RedcapFate::Kind::refused, std::move(words)};
        return;
    }
    const std::vector<RowVerdict> verdicts = judge_rows(rows, answer.cells);
    std::vector<RedcapRow> rest;
    std::vector<RedcapRow> suspects;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (verdicts[i].cell != nullptr) {
            fates[rows[i].place] = {RedcapFate::Kind::refused,
                                    words_about(*verdicts[i].cell, rows[i])};
        } else if (verdicts[i].suspect) {
            suspects.push_back(rows[i]);
        } else {
            rest.push_back(rows[i]);
        }
    }
    if (may_strip && rest.size() < rows.size()) {
        send(rest, false, fates);
        for (const RedcapRow& suspect : suspects) {
            send({suspect}, false, fates);
        }
        return;
    }
    // What was stripped above and is refused all the same is halved whole.
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
    send({rows.begin(), middle}, false, fates);
    send({middle, rows.end()}, false, fates);
}

/// What was accepted and does not stand there is refused; where it cannot be read it is unknown.
void RedcapTarget::prove(const std::vector<RedcapRow>& rows, Fates& fates) {
    std::vector<std::string> records;
    for (const RedcapRow& row : rows) {
        if (records.empty() || records.back() != row.place.record) {
            records.push_back(row.place.record);
        }
    }
    RedcapRecords there;
    const RedcapAnswer answer = export_records(records, there);
    for (const RedcapRow& row : rows) {
        if (answer.kind != Kind::accepted) {
            fates[row.place] = {RedcapFate::Kind::unknown, answer.why};
            continue;
        }
        const auto found = there.rows.find(row.place);
        for (const auto& [name, value] : row.fields) {
            const std::string here =
                found == there.rows.end() ? std::string() : value_in(found->second, name);
            if (here != value) {
                fates[row.place] = {RedcapFate::Kind::refused,
                                    fmt::format("field {}{}: was accepted and does not stand there",
                                                name, where_of(row))};
                break;
            }
        }
    }
}

}  // namespace labrelay::targets
