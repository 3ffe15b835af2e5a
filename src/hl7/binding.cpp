#include "labrelay/hl7/binding.hpp"

#include <algorithm>
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

}  // namespace labrelay::hl7
