#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "labrelay/hl7/binding.hpp"

namespace labrelay::hl7 {

/// In which order a message type writes specimen, container, order and result (binding.md).
enum class Layout : std::uint8_t {
    order_then_specimen,      ///< ORU^R01, R30 to R32
    container_first,          ///< OUL^R21
    specimen_first,           ///< OUL^R22
    specimen_then_container,  ///< OUL^R23
    order_around_specimen,    ///< OUL^R24
};

/// A segment that says where an OBX belongs, or an OBX.
struct BindingEvent {
    enum class Kind : std::uint8_t { orc, obr, spm, sac, obx };
    Kind kind = Kind::obx;
    std::size_t position = 0;
    std::size_t binding = 0;  ///< of an OBX: its number in the result
};

/// The events of one patient: from a PID to the next.
using PatientEvents = std::vector<BindingEvent>;

/// Binds the OBX of one patient; the PID, PV1 and notes of `bindings` are set already.
class GroupBinder {
public:
    GroupBinder(const Message& message, Layout layout, const PatientEvents& events,
                std::vector<ObservationBinding>& bindings);
    void bind();

private:
    using Kind = BindingEvent::Kind;

    /// An OBR with the events up to the next OBR.
    struct Order {
        std::size_t obr = 0;
        std::size_t orc = 0;
        std::size_t first_event = 0;
        std::size_t end_event = 0;
        std::vector<std::size_t> spms;
        std::vector<std::size_t> sacs;
        bool result_before_specimen = false;
        std::string_view collected;  ///< OBR-7.1
    };
    struct OrderNumbers {
        std::string_view placer;
        std::string_view filler;
    };

    // Which ORC and OBR an OBX has.
    void on_orc(std::size_t event);
    void on_obr(std::size_t event);
    void on_spm(const BindingEvent& event);
    void on_sac(const BindingEvent& event);
    void on_obx(const BindingEvent& event);
    void leave_order();
    bool orc_follows_obr(std::size_t event) const;
    bool numbers_agree(const Segment& obr) const;

    // Specimens that follow their order (binding_orders.cpp).
    void bind_specimens_by_order();
    void describe_order(Order& order) const;
    void bind_order(const Order& order);
    void bind_one_specimen(const Order& order);
    void bind_nearest_specimens(const Order& order);
    bool each_specimen_has_results(const Order& order) const;
    void share_specimen(std::size_t first, std::size_t end);
    void doubt(const Order& order);

    ObservationBinding& binding_of(const BindingEvent& event) { return bindings_[event.binding]; }

    const Message& message_;
    Layout layout_;
    const PatientEvents& events_;
    std::vector<ObservationBinding>& bindings_;
    std::vector<Kind> next_order_level_;  ///< per event: the next ORC, OBR or OBX; SPM: none
    std::vector<Order> orders_;
    bool specimen_leads_ = false;
    bool specimens_exist_ = false;

    std::size_t obr_ = 0;
    std::size_t orc_ = 0;
    std::size_t pending_orc_ = 0;  ///< waits for its OBR
    std::size_t leading_orc_ = 0;  ///< the last ORC that stood before its OBR
    OrderNumbers leading_numbers_;
    bool has_own_orc_ = false;
    bool has_result_ = false;
    bool order_doubtful_ = false;
    std::size_t spm_ = 0;
    std::size_t sac_ = 0;
    std::size_t sacs_ = 0;
    bool spm_used_ = true;
    bool sac_used_ = true;
    bool spm_doubtful_ = false;
    bool sac_doubtful_ = false;
};

/// The specimens by OBX-4 (BindingRules::sub_id_names_specimen); all else is bound already.
void bind_by_sub_id(const Message& message, std::vector<ObservationBinding>& bindings);

}  // namespace labrelay::hl7
