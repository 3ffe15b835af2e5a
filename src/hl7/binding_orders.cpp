#include "binding_group.hpp"

namespace labrelay::hl7 {

/// Specimens that stand after their OBR: ORU by the book, and OUL^R24.
void GroupBinder::bind_specimens_by_order() {
    for (Order& order : orders_) {
        describe_order(order);
        bind_order(order);
    }
    std::size_t first = 0;
    for (std::size_t i = 1; i <= orders_.size(); ++i) {
        if (i == orders_.size() || orders_[i].orc != orders_[first].orc) {
            share_specimen(first, i);
            first = i;
        }
    }
}

void GroupBinder::describe_order(Order& order) const {
    order.collected = message_.segment(order.obr).field(7).component(1).raw();
    for (std::size_t i = order.first_event; i < order.end_event; ++i) {
        const BindingEvent& event = events_[i];
        if (event.kind == Kind::spm) {
            order.spms.push_back(event.position);
        } else if (event.kind == Kind::sac) {
            order.sacs.push_back(event.position);
        } else if (event.kind == Kind::obx && order.spms.empty()) {
            order.result_before_specimen = true;
        }
    }
}

void GroupBinder::bind_order(const Order& order) {
    if (order.spms.size() <= 1) {
        bind_one_specimen(order);
    } else if (layout_ == Layout::order_then_specimen && each_specimen_has_results(order)) {
        bind_nearest_specimens(order);
    } else {
        doubt(order);
    }
}

void GroupBinder::bind_one_specimen(const Order& order) {
    const std::size_t spm = order.spms.empty() ? 0 : order.spms.front();
    const std::size_t sac = order.sacs.size() == 1 ? order.sacs.front() : 0;
    for (std::size_t i = order.first_event; i < order.end_event; ++i) {
        if (events_[i].kind != Kind::obx) {
            continue;
        }
        ObservationBinding& binding = binding_of(events_[i]);
        const bool after_specimen = spm != 0 && binding.obx > spm;
        binding.spm = spm;
        binding.sac = sac;
        binding.certain = binding.certain && order.sacs.size() <= 1;
        if (layout_ == Layout::order_around_specimen) {
            // Between specimen and container it describes the specimen; the results come last.
            binding.specimen_observation = after_specimen && sac > binding.obx;
            binding.certain = binding.certain && !(after_specimen && order.result_before_specimen);
        } else {
            binding.specimen_observation = after_specimen && order.result_before_specimen;
        }
    }
}

/// OBR SPM OBX SPM OBX: every specimen stands before its own results.
bool GroupBinder::each_specimen_has_results(const Order& order) const {
    bool waits = false;
    for (std::size_t i = order.first_event; i < order.end_event; ++i) {
        if (events_[i].kind == Kind::spm) {
            if (waits) {
                return false;
            }
            waits = true;
        } else if (events_[i].kind == Kind::obx) {
            waits = false;
        }
    }
    return !waits && !order.result_before_specimen;
}

void GroupBinder::bind_nearest_specimens(const Order& order) {
    std::size_t spm = 0;
    std::size_t sac = 0;
    bool two_containers = false;
    for (std::size_t i = order.first_event; i < order.end_event; ++i) {
        const BindingEvent& event = events_[i];
        if (event.kind == Kind::spm) {
            spm = event.position;
            sac = 0;
            two_containers = false;
        } else if (event.kind == Kind::sac) {
            two_containers = sac != 0;
            sac = event.position;
        } else if (event.kind == Kind::obx) {
            ObservationBinding& binding = binding_of(event);
            binding.spm = spm;
            binding.sac = sac;
            binding.certain = binding.certain && !two_containers;
        }
    }
}

/// Orders under one ORC, of which only one writes a specimen: it is the specimen of all, unless the
/// collection times say otherwise.
void GroupBinder::share_specimen(std::size_t first, std::size_t end) {
    std::size_t owner = end;
    bool several = false;
    for (std::size_t i = first; i < end; ++i) {
        if (!orders_[i].spms.empty()) {
            several = several || owner != end || orders_[i].spms.size() > 1;
            owner = i;
        }
    }
    if (owner == end) {
        return;
    }
    const Order& owning = orders_[owner];
    const bool speaks_for_all = !several && (owner == first || owning.result_before_specimen);
    for (std::size_t i = first; i < end; ++i) {
        const Order& order = orders_[i];
        if (!order.spms.empty()) {
            continue;
        }
        const bool other_draw = !order.collected.empty() && !owning.collected.empty() &&
                                order.collected != owning.collected;
        if (!speaks_for_all) {
            doubt(order);
        } else if (!other_draw) {
            for (std::size_t e = order.first_event; e < order.end_event; ++e) {
                if (events_[e].kind == Kind::obx) {
                    binding_of(events_[e]).spm = owning.spms.front();
                }
            }
        }
    }
}

void GroupBinder::doubt(const Order& order) {
    for (std::size_t i = order.first_event; i < order.end_event; ++i) {
        if (events_[i].kind == Kind::obx) {
            binding_of(events_[i]).certain = false;
        }
    }
}

}  // namespace labrelay::hl7
