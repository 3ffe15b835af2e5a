#include "labrelay/hl7/binding.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "binding_group.hpp"
#include "message_index.hpp"

namespace labrelay::hl7 {
namespace {

Layout layout_of(const Message& message) {
    const Element type = message.header().field(9);
    const std::string_view code = type.component(1).raw();
    const std::string_view structure = type.component(3).raw();
    if (code.substr(0, 3) != "OUL" && structure.substr(0, 4) != "OUL_") {
        return Layout::order_then_specimen;
    }
    std::string_view event = type.component(2).raw();
    if (event.empty() && structure.size() > 4) {
        event = structure.substr(4);
    }
    if (event == "R21") {
        return Layout::container_first;
    }
    if (event == "R23") {
        return Layout::specimen_then_container;
    }
    return event == "R24" ? Layout::order_around_specimen : Layout::specimen_first;
}

/// Sorts the segments of a message to its patients and gives every OBX what only depends on
/// position: PID, PV1 and the notes after it.
class Collector {
public:
    Collector(const Message& message, const BindingRules& rules)
        : message_(message), rules_(rules) {
        patients_.emplace_back();
    }

    void collect() {
        for (std::size_t position = 1; position <= message_.segment_count(); ++position) {
            add(message_.segment(position).id(), position);
        }
        if (pid_ != 0 && !patients_.front().empty()) {
            // Something belongs to no patient, or PID does not stand where it should.
            for (ObservationBinding& binding : bindings_) {
                binding.certain = false;
            }
        }
    }

    const std::vector<PatientEvents>& patients() const { return patients_; }
    std::vector<ObservationBinding>& bindings() { return bindings_; }

private:
    void add(std::string_view id, std::size_t position) {
        using Kind = BindingEvent::Kind;
        switch (pack_name(id)) {
            case pack_name("PID"):
                pid_ = position;
                pv1_ = 0;
                patients_.emplace_back();
                break;
            case pack_name("PV1"):
                pv1_ = position;
                break;
            case pack_name("ORC"):
                event(Kind::orc, position);
                break;
            case pack_name("OBR"):
                event(Kind::obr, position);
                break;
            case pack_name("SPM"):
            case pack_name("SAC"):
                if (!rules_.sub_id_names_specimen) {
                    event(id == "SPM" ? Kind::spm : Kind::sac, position);
                }
                break;
            case pack_name("OBX"):
                observation(position);
                return;
            case pack_name("NTE"):
                if (after_obx_) {
                    bindings_.back().notes.push_back(position);
                }
                return;
            case pack_name("TCD"):
            case pack_name("SID"):
            case pack_name("PRT"):
                return;  // details of the OBX before them
            default:
                break;
        }
        after_obx_ = false;
    }
    void event(BindingEvent::Kind kind, std::size_t position) {
        patients_.back().push_back({kind, position, 0});
    }
    void observation(std::size_t position) {
        patients_.back().push_back({BindingEvent::Kind::obx, position, bindings_.size()});
        ObservationBinding binding;
        binding.obx = position;
        binding.pid = pid_;
        binding.pv1 = pv1_;
        bindings_.push_back(std::move(binding));
        after_obx_ = true;
    }

    const Message& message_;
    const BindingRules& rules_;
    std::vector<PatientEvents> patients_;  ///< the first: before any PID
    std::vector<ObservationBinding> bindings_;
    std::size_t pid_ = 0;
    std::size_t pv1_ = 0;
    bool after_obx_ = false;
};

/// A segment that segments of the sender's own may follow and belong to.
bool is_owner(std::string_view id) {
    switch (pack_name(id)) {
        case pack_name("PID"):
        case pack_name("PV1"):
        case pack_name("ORC"):
        case pack_name("OBR"):
        case pack_name("SPM"):
        case pack_name("SAC"):
        case pack_name("OBX"):
            return true;
        default:
            return false;
    }
}

/// The specimens of a message by the number that its sender gave them.
struct NamedSpecimen {
    std::size_t pid = 0;  ///< the last before it
    std::string set_id;
    std::size_t spm = 0;
    std::size_t sac = 0;
    bool certain = true;  ///< one container at most, and nobody else has this number
};

std::vector<NamedSpecimen> named_specimens(const Message& message) {
    std::vector<NamedSpecimen> specimens;
    std::size_t pid = 0;
    bool open = false;
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const Segment segment = message.segment(position);
        if (segment.id() == "PID") {
            pid = position;
            open = false;
        } else if (segment.id() == "SPM") {
            specimens.push_back({pid, segment.field(1).text(), position, 0, true});
            open = true;
        } else if (segment.id() == "OBR" || segment.id() == "ORC") {
            open = false;
        } else if (segment.id() == "SAC" && open) {
            specimens.back().certain = specimens.back().certain && specimens.back().sac == 0;
            specimens.back().sac = position;
        }
    }
    return specimens;
}

/// `1`, `1.2` and `1/2` name the specimen 1.
std::string_view specimen_number(std::string_view sub_id) {
    return sub_id.substr(0, sub_id.find_first_of("./-"));
}

void bind_by_sub_id(const Message& message, std::vector<ObservationBinding>& bindings) {
    using Key = std::pair<std::size_t, std::string>;
    std::map<Key, NamedSpecimen> by_number;
    for (NamedSpecimen& specimen : named_specimens(message)) {
        const Key key{specimen.pid, specimen.set_id};
        const auto [found, added] = by_number.emplace(key, std::move(specimen));
        found->second.certain = found->second.certain && added && !key.second.empty();
    }
    for (ObservationBinding& binding : bindings) {
        const std::string sub_id = message.segment(binding.obx).field(4).text();
        const auto found = by_number.find({binding.pid, std::string(specimen_number(sub_id))});
        if (found == by_number.end()) {
            binding.certain = binding.certain && by_number.empty();
            continue;
        }
        binding.spm = found->second.spm;
        binding.sac = found->second.sac;
        binding.certain = binding.certain && found->second.certain;
    }
}

}  // namespace

GroupBinder::GroupBinder(const Message& message, Layout layout, const PatientEvents& events,
                         std::vector<ObservationBinding>& bindings)
    : message_(message), layout_(layout), events_(events), bindings_(bindings) {
    specimens_exist_ = std::any_of(events.begin(), events.end(), [](const BindingEvent& event) {
        return event.kind == Kind::spm;
    });
    next_order_level_.resize(events.size(), Kind::spm);
    Kind next = Kind::spm;
    for (std::size_t i = events.size(); i-- > 0;) {
        next_order_level_[i] = next;
        if (events[i].kind != Kind::spm && events[i].kind != Kind::sac) {
            next = events[i].kind;
        }
    }
    switch (layout) {
        case Layout::order_then_specimen: {
            const auto first =
                std::find_if(events.begin(), events.end(), [](const BindingEvent& event) {
                    return event.kind != Kind::orc && event.kind != Kind::obx;
                });
            specimen_leads_ = first != events.end() && first->kind != Kind::obr;
            break;
        }
        case Layout::container_first:
        case Layout::specimen_first:
        case Layout::specimen_then_container:
            specimen_leads_ = true;
            break;
        case Layout::order_around_specimen:
            break;
    }
}

void GroupBinder::bind() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
        switch (events_[i].kind) {
            case Kind::orc:
                on_orc(i);
                break;
            case Kind::obr:
                on_obr(i);
                break;
            case Kind::spm:
                on_spm(events_[i]);
                break;
            case Kind::sac:
                on_sac(events_[i]);
                break;
            case Kind::obx:
                on_obx(events_[i]);
                break;
        }
    }
    if (!specimen_leads_) {
        bind_specimens_by_order();
        return;
    }
    if (!spm_used_) {
        // A specimen without an order at the end: perhaps specimens follow here what they belong
        // to.
        for (const BindingEvent& event : events_) {
            if (event.kind == Kind::obx && !binding_of(event).specimen_observation) {
                binding_of(event).certain = false;
            }
        }
    }
}

/// In OUL an ORC follows its OBR. In ORU it stands before it, and only where no OBR comes next it
/// is the one before that is meant.
bool GroupBinder::orc_follows_obr(std::size_t event) const {
    if (obr_ == 0 || has_result_) {
        return false;
    }
    const bool orc_leads =
        layout_ == Layout::order_then_specimen || layout_ == Layout::container_first;
    return orc_leads ? next_order_level_[event] != Kind::obr : !has_own_orc_;
}

void GroupBinder::on_orc(std::size_t event) {
    const std::size_t position = events_[event].position;
    if (!orc_follows_obr(event)) {
        pending_orc_ = position;
        return;
    }
    order_doubtful_ = order_doubtful_ || has_own_orc_;  // a second ORC for one OBR
    orc_ = position;
    has_own_orc_ = true;
    if (!orders_.empty()) {
        orders_.back().orc = position;
    }
}

void GroupBinder::on_obr(std::size_t event) {
    const Segment obr = message_.segment(events_[event].position);
    obr_ = events_[event].position;
    has_result_ = false;
    order_doubtful_ = false;
    has_own_orc_ = pending_orc_ != 0;
    orc_ = 0;
    if (pending_orc_ != 0) {
        orc_ = pending_orc_;
        leading_orc_ = pending_orc_;
        pending_orc_ = 0;
        const Segment orc = message_.segment(leading_orc_);
        leading_numbers_ = {orc.field(2).component(1).raw(), orc.field(3).component(1).raw()};
    } else if (leading_orc_ != 0 && numbers_agree(obr)) {
        orc_ = leading_orc_;
    }
    // A container that was used already holds here too where it is the only one, or where the type
    // says so.
    sac_doubtful_ =
        sac_doubtful_ ||
        (sac_used_ && sac_ != 0 && sacs_ > 1 &&
         (layout_ == Layout::container_first || layout_ == Layout::order_then_specimen));
    spm_used_ = true;
    sac_used_ = true;
    if (!orders_.empty()) {
        orders_.back().end_event = event;
    }
    Order order;
    order.obr = obr_;
    order.orc = orc_;
    order.first_event = event + 1;
    order.end_event = events_.size();
    orders_.push_back(std::move(order));
}

/// An ORC may stand for several OBR (only in ORU), unless their numbers say otherwise.
bool GroupBinder::numbers_agree(const Segment& obr) const {
    if (layout_ != Layout::order_then_specimen && layout_ != Layout::container_first) {
        return false;
    }
    const auto agree = [](std::string_view a, std::string_view b) {
        return a.empty() || b.empty() || a == b;
    };
    return agree(leading_numbers_.placer, obr.field(2).component(1).raw()) &&
           agree(leading_numbers_.filler, obr.field(3).component(1).raw());
}

void GroupBinder::leave_order() {
    obr_ = 0;
    orc_ = 0;
    has_own_orc_ = false;
    has_result_ = false;
    order_doubtful_ = false;
}

void GroupBinder::on_spm(const BindingEvent& event) {
    if (!specimen_leads_) {
        return;
    }
    spm_doubtful_ = !spm_used_;  // two in a row: which of them?
    spm_ = event.position;
    spm_used_ = false;
    sac_ = 0;
    sac_used_ = true;
    sac_doubtful_ = false;
    leave_order();
}

void GroupBinder::on_sac(const BindingEvent& event) {
    if (!specimen_leads_) {
        return;
    }
    const bool by_container =
        layout_ == Layout::specimen_then_container || layout_ == Layout::container_first;
    sac_doubtful_ = !sac_used_ && !by_container;
    sac_ = event.position;
    sac_used_ = false;
    ++sacs_;
    if (by_container) {
        leave_order();
    }
}

void GroupBinder::on_obx(const BindingEvent& event) {
    ObservationBinding& binding = binding_of(event);
    binding.obr = obr_;
    binding.orc = orc_;
    has_result_ = true;
    if (order_doubtful_) {
        binding.certain = false;
    }
    if (!specimen_leads_) {
        binding.certain = binding.certain && obr_ != 0;
        return;
    }
    binding.spm = spm_;
    binding.sac = sac_;
    const bool describes_specimen =
        obr_ == 0 && spm_ != 0 && !spm_used_ &&
        (layout_ == Layout::specimen_first || layout_ == Layout::specimen_then_container);
    binding.specimen_observation = describes_specimen;
    const bool has_order = obr_ != 0 || describes_specimen;
    const bool has_specimen = spm_ != 0 || !specimens_exist_;
    const bool doubtful = spm_doubtful_ || sac_doubtful_;
    binding.certain = binding.certain && has_order && has_specimen && !doubtful;
}

std::vector<ObservationBinding> bind_observations(const Message& message,
                                                  const BindingRules& rules) {
    Collector collector(message, rules);
    collector.collect();
    const Layout layout = layout_of(message);
    for (const PatientEvents& events : collector.patients()) {
        GroupBinder(message, layout, events, collector.bindings()).bind();
    }
    if (rules.sub_id_names_specimen) {
        bind_by_sub_id(message, collector.bindings());
    }
    return std::move(collector.bindings());
}

std::optional<Segment> ObservationScope::find(std::string_view id, std::size_t occurrence) const {
    if (id.size() != 3 || occurrence == 0) {
        return std::nullopt;
    }
    const auto only = [&](std::size_t position) {
        return position == 0 || occurrence != 1 ? std::nullopt
                                                : std::optional(message_.segment(position));
    };
    switch (pack_name(id)) {
        case pack_name("OBX"):
            return only(binding_.obx);
        case pack_name("OBR"):
            return only(binding_.obr);
        case pack_name("ORC"):
            return only(binding_.orc);
        case pack_name("PID"):
            return only(binding_.pid);
        case pack_name("PV1"):
            return only(binding_.pv1);
        case pack_name("SPM"):
            return only(binding_.spm);
        case pack_name("SAC"):
            return only(binding_.sac);
        case pack_name("NTE"):
            return occurrence <= binding_.notes.size()
                       ? std::optional(message_.segment(binding_.notes[occurrence - 1]))
                       : std::nullopt;
        case pack_name("INV"):
            return inventory(occurrence);
        case pack_name("MSH"):
        case pack_name("SFT"):
        case pack_name("EVN"):
            return message_.find(id, occurrence);
        default:
            return id.front() == 'Z' ? local(id, occurrence) : std::nullopt;
    }
}

/// INV directly after the specimen's SPM or its SAC: what it holds. After an OBX they are the
/// reagents of the run.
std::optional<Segment> ObservationScope::inventory(std::size_t occurrence) const {
    for (const std::size_t owner : {binding_.spm, binding_.sac}) {
        if (owner == 0) {
            continue;
        }
        for (std::size_t position = owner + 1;
             position <= message_.segment_count() && message_.segment(position).id() == "INV";
             ++position) {
            if (--occurrence == 0) {
                return message_.segment(position);
            }
        }
    }
    return std::nullopt;
}

/// A segment of the sender's own belongs to the segment that it follows, and to the whole message
/// where that is the header. Where it is the only one of its name and the message has one patient,
/// one order and one specimen, there is nothing else that it could belong to.
std::optional<Segment> ObservationScope::local(std::string_view id, std::size_t occurrence) const {
    std::array<std::size_t, 8> owners{1,            binding_.pid, binding_.pv1, binding_.orc,
                                      binding_.obr, binding_.spm, binding_.sac, binding_.obx};
    std::sort(owners.begin(), owners.end());
    for (const std::size_t owner : owners) {
        for (std::size_t position = owner + 1;
             owner != 0 && position <= message_.segment_count() &&
             !is_owner(message_.segment(position).id());
             ++position) {
            if (message_.segment(position).id() == id && --occurrence == 0) {
                return message_.segment(position);
            }
        }
    }
    const bool one_of_all = message_.count(id) == 1 && message_.count("PID") <= 1 &&
                            message_.count("OBR") <= 1 && message_.count("SPM") <= 1;
    return one_of_all && occurrence == 1 ? message_.find(id) : std::nullopt;
}

}  // namespace labrelay::hl7
