#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "calendar.hpp"
#include "number.hpp"
#include "world.hpp"

namespace labrelay::simulate {

/// What must become of one observation. Columns of truth.csv; visit and role follow from the
/// specimen.
struct Expected {
    std::string disposition = "stored";
    std::string reason;
    std::string analyte;
    std::string comparator;
    std::string value_num;
    std::string unit;
    std::string result_state;
};

/// One OBX as its laboratory writes it, and the truth about it.
struct Observation {
    std::string code;    ///< OBX-3, the whole field
    std::string sub_id;  ///< OBX-4
    std::string type;
    std::string value;
    std::string unit;  ///< OBX-6, the whole field
    std::string range;
    std::string flags;
    std::string status = "F";
    Expected expected;
};

/// Observations of one tube under one OBR.
struct Order {
    std::string placer;
    std::string service;                  ///< OBR-4
    std::optional<std::size_t> specimen;  ///< of the world; nothing: nobody of the trial
    std::string accession;
    std::optional<Moment> collected;  ///< nothing: the message does not say
    std::vector<Observation> observations;
};

enum class Laboratory { flow, molecular, hospital };
const char* source_id(Laboratory laboratory);

/// One message before it has a control id.
struct Report {
    Laboratory laboratory = Laboratory::flow;
    std::string what;  ///< for the file's name: tbnk, correction
    Moment analysed;   ///< OBX-19 of an analyzer, OBR-22 of the LIS
    Moment sent;       ///< MSH-7
    std::optional<Person> patient;
    std::string birth;       ///< PID-7 as sent
    std::string sex;         ///< PID-8 as sent
    std::string role = "P";  ///< SPM-11 of the molecular platform
    bool utc = false;        ///< SPM-17 in universal time
    bool utf8 = false;       ///< the LIS writes UTF-8 instead of GB 18030
    std::vector<Order> orders;
    std::optional<std::size_t> control_id_of;  ///< the same control id as this earlier report
    std::string refused;                       ///< not a result message: why it must be refused
};

/// The message's bytes as its laboratory sends them: CR after each segment, no MLLP framing.
std::string render(const Report& report, const std::string& control_id);
/// Each laboratory numbers its messages in its own way.
std::string control_id(Laboratory laboratory, std::size_t number);

}  // namespace labrelay::simulate
