// Sending a prepared batch: what REDCap refuses is found and taken out, what it took is read again.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "labrelay/targets/redcap_target.hpp"
#include "redcap_fate.hpp"
#include "redcap_standing.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::DeliveryAnswer;
using delivery::Standing;
using delivery::TargetAnswer;
using Kind = RedcapAnswer::Kind;

/// What must not be repeated of a part: its values and its records.
std::vector<std::string> secrets_of(const RedcapPart& part) {
    std::vector<std::string> secrets;
    for (const RedcapRow& row : part.rows) {
        secrets.push_back(row.place.record);
        for (const auto& [name, value] : row.fields) {
            secrets.push_back(value);
        }
    }
    return secrets;
}

bool is_about(const RedcapCell& cell, const RedcapRow& row) {
    // Old servers write `S-004 (month_3_arm_1)`.
    const bool record = cell.record == row.place.record ||
                        cell.record == fmt::format("{} ({})", row.place.record, row.place.event);
    const auto field = row.fields.find(cell.field);
    return record && field != row.fields.end() && field->second == cell.value;
}

const RedcapRow* row_about(const RedcapPart& part, const RedcapCell& cell) {
    const auto found = std::find_if(part.rows.begin(), part.rows.end(),
                                    [&](const RedcapRow& row) { return is_about(cell, row); });
    return found == part.rows.end() ? nullptr : &*found;
}

const RedcapRow* row_with(const RedcapPart& part, const std::string& field) {
    const auto found = std::find_if(part.rows.begin(), part.rows.end(), [&](const RedcapRow& row) {
        return row.fields.contains(field);
    });
    return found == part.rows.end() ? nullptr : &*found;
}

/// What the named cells say about a part.
struct PartVerdict {
    const RedcapCell* cell = nullptr;  ///< one that can only be this part's
    bool suspect = false;              ///< a cell that can be this part's or another's
};

std::vector<PartVerdict> judge(const std::vector<RedcapPart>& all,
                               const std::vector<std::size_t>& parts,
                               const std::vector<RedcapCell>& cells) {
    std::vector<PartVerdict> verdicts(parts.size());
    std::vector<std::vector<std::size_t>> fitting;
    for (const RedcapCell& cell : cells) {
        std::vector<std::size_t>& fits = fitting.emplace_back();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (row_about(all[parts[i]], cell) != nullptr) {
                fits.push_back(i);
            }
        }
        if (fits.size() == 1) {
            const RedcapCell*& of_part = verdicts[fits[0]].cell;
            // A field of the map says more than the form's completeness.
            if (of_part == nullptr || of_part->field.ends_with("_complete")) {
                of_part = &cell;
            }
        }
    }
    for (const std::vector<std::size_t>& fits : fitting) {
        // A cell that a part explains which is bad anyhow accuses no other.
        const bool explained = std::any_of(
            fits.begin(), fits.end(), [&](std::size_t i) { return verdicts[i].cell != nullptr; });
        for (const std::size_t i : fits) {
            verdicts[i].suspect = verdicts[i].suspect || !explained;
        }
    }
    return verdicts;
}

/// The target's words about one cell, beside our field and place.
std::string words_about(const RedcapCell& cell, const RedcapPart& part) {
    const RedcapRow* row = row_about(part, cell);
    return fmt::format("field {}{}: {}", cell.field,
                       where_of(row != nullptr ? row->place : part.rows[0].place),
                       without(cell.message, secrets_of(part)));
}

}  // namespace

TargetAnswer RedcapTarget::deliver(const std::vector<Delivery>& deliveries) {
    Fates fates(plan_.parts.size());
    std::vector<std::size_t> all(plan_.parts.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    send(all, true, fates);
    std::erase_if(all,
                  [&](std::size_t part) { return fates[part].kind != RedcapFate::Kind::written; });
    if (!all.empty()) {
        prove(all, fates);
    }
    TargetAnswer answer{TargetAnswer::Kind::each, {}, false, {}};
    bool all_waiting = true;
    bool is_stopped = false;
    for (const RedcapFate& fate : fates) {
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
    const auto known = prepared_.find(delivery.id);
    if (known == prepared_.end()) {
        return answer;
    }
    const Prepared& prepared = known->second;
    for (const Standing& one : prepared.sending) {
        const RedcapSent& sent = prepared.sent.at(one.number);
        const RedcapFate& fate = fates[sent.part];
        if (fate.kind == RedcapFate::Kind::written) {
            answer.stands.push_back(one);
            answer.stands.insert(answer.stands.end(), sent.displaced.begin(), sent.displaced.end());
        } else if (fate.kind == RedcapFate::Kind::refused) {
            answer.refusals.push_back({one.number, Code::delivery_rejected, fate.why});
        } else {
            waits = waits || fate.kind != RedcapFate::Kind::unknown;
            lost = lost || fate.kind == RedcapFate::Kind::unknown;
            answer.why = fate.why;
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
    answer.stands.insert(answer.stands.end(), prepared.stands.begin(), prepared.stands.end());
    return answer;
}

RedcapAnswer RedcapTarget::import(const std::vector<std::size_t>& parts) {
    // One row a place, as REDCap has it, whatever results meet there.
    std::map<RedcapPlace, RedcapFields> places;
    for (const std::size_t part : parts) {
        for (const RedcapRow& row : plan_.parts[part].rows) {
            places[row.place].insert(row.fields.begin(), row.fields.end());
        }
    }
    std::vector<RedcapRow> rows;
    for (auto& [place, fields] : places) {
        rows.push_back({place, std::move(fields)});
    }
    RedcapAnswer answer =
        client_.call({{"content", "record"},
                      {"action", "import"},
                      {"type", map_.format == study::RedcapMap::Format::flat ? "flat" : "eav"},
                      {"overwriteBehavior", plan_.blanks ? "overwrite" : "normal"},
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

void RedcapTarget::send(const std::vector<std::size_t>& parts, bool may_strip, Fates& fates) {
    if (parts.empty()) {
        return;
    }
    const RedcapAnswer answer = import(parts);
    RedcapFate fate;
    fate.why = answer.why;
    switch (answer.kind) {
        case Kind::accepted:
            fate.kind = RedcapFate::Kind::written;
            break;
        case Kind::refused:
            strip_or_halve(parts, answer, may_strip, fates);
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
    for (const std::size_t part : parts) {
        fates[part] = fate;
    }
}

/// A refused import wrote nothing. Where REDCap names the cells, their parts are taken out and the
/// rest is sent once more; where it does not, or names them so that they fit several parts, halves
/// are tried until the bad part stands alone.
void RedcapTarget::strip_or_halve(const std::vector<std::size_t>& parts, const RedcapAnswer& answer,
                                  bool may_strip, Fates& fates) {
    if (parts.size() == 1) {
        const RedcapPart& part = plan_.parts[parts.front()];
        std::string words;
        for (const RedcapCell& cell : answer.cells) {
            words += (words.empty() ? "" : "; ") + words_about(cell, part);
        }
        for (const std::string& field : answer.fields) {
            const RedcapRow* row = row_with(part, field);
            words += fmt::format("{}field {}{}: is not in the project", words.empty() ? "" : "; ",
                                 field, where_of(row != nullptr ? row->place : part.rows[0].place));
        }
        if (words.empty()) {
            words = without(answer.why, secrets_of(part));
            for (const RedcapRow& row : part.rows) {
                words += (&row == &part.rows.front() ? "" : " and") + where_of(row.place);
            }
        }
        fates[parts.front()] = {RedcapFate::Kind::refused, std::move(words)};
        return;
    }
    const std::vector<PartVerdict> verdicts = judge(plan_.parts, parts, answer.cells);
    std::vector<std::size_t> rest;
    std::vector<std::size_t> suspects;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (verdicts[i].cell != nullptr) {
            fates[parts[i]] = {RedcapFate::Kind::refused,
                               words_about(*verdicts[i].cell, plan_.parts[parts[i]])};
        } else if (verdicts[i].suspect) {
            suspects.push_back(parts[i]);
        } else {
            rest.push_back(parts[i]);
        }
    }
    if (may_strip && rest.size() < parts.size()) {
        send(rest, false, fates);
        for (const std::size_t suspect : suspects) {
            send({suspect}, false, fates);
        }
        return;
    }
    // What was stripped above and is refused all the same is halved whole.
    const auto middle = parts.begin() + static_cast<std::ptrdiff_t>(parts.size() / 2);
    send({parts.begin(), middle}, false, fates);
    send({middle, parts.end()}, false, fates);
}

/// What was accepted and does not stand there is refused; where it cannot be read it is unknown.
void RedcapTarget::prove(const std::vector<std::size_t>& parts, Fates& fates) {
    std::set<std::string> records;
    for (const std::size_t part : parts) {
        for (const RedcapRow& row : plan_.parts[part].rows) {
            records.insert(row.place.record);
        }
    }
    RedcapRecords there;
    const RedcapAnswer answer = export_records({records.begin(), records.end()}, there);
    for (const std::size_t part : parts) {
        if (answer.kind != Kind::accepted) {
            fates[part] = {RedcapFate::Kind::unknown, answer.why};
            continue;
        }
        for (const RedcapRow& row : plan_.parts[part].rows) {
            const auto found = there.rows.find(row.place);
            for (const auto& [name, value] : row.fields) {
                const std::string here =
                    found == there.rows.end() ? std::string() : value_in(found->second, name);
                if (here != value && fates[part].kind == RedcapFate::Kind::written) {
                    fates[part] = {RedcapFate::Kind::refused,
                                   fmt::format("field {}{}: was accepted and does not stand there",
                                               name, where_of(row.place))};
                }
            }
        }
    }
}

}  // namespace labrelay::targets
