#include "report.hpp"

#include <map>

#include <fmt/format.h>

#include "gb18030.hpp"

namespace labrelay::simulate {
namespace {

/// One segment; fields that are not set are empty, trailing ones are not written.
class Segment {
public:
    explicit Segment(std::string name) : name_(std::move(name)) {}

    Segment& set(int field, std::string value) {
        if (!value.empty()) {
            fields_[field] = std::move(value);
        }
        return *this;
    }
    std::string text() const {
        std::string out = name_;
        int written = 0;
        for (const auto& [field, value] : fields_) {
            out.append(static_cast<std::size_t>(field - written), '|');
            out += value;
            written = field;
        }
        out += '\r';
        return out;
    }

private:
    std::string name_;
    std::map<int, std::string> fields_;
};

struct Header {
    std::string_view application;
    std::string_view facility;
    std::string time;
    std::string_view type;
    std::string_view version;
};

/// MSH counts its own separator as the first field, so everything stands one place earlier.
Segment header_segment(const Header& header, const std::string& control_id) {
    Segment msh("MSH");
    msh.set(1, "^~\\&")
        .set(2, std::string(header.application))
        .set(3, std::string(header.facility));
    msh.set(4, "LABRELAY").set(5, "QILU").set(6, header.time).set(8, std::string(header.type));
    msh.set(9, control_id).set(10, "P").set(11, std::string(header.version));
    return msh;
}

std::string mrn_field(const Person& person) {
    return person.mrn + "^^^QILU^MR";
}

Segment observation_segment(const Observation& observation, std::size_t set_id) {
    Segment obx("OBX");
    obx.set(1, std::to_string(set_id)).set(2, observation.type).set(3, observation.code);
    obx.set(4, observation.sub_id).set(5, observation.value).set(6, observation.unit);
    obx.set(7, observation.range).set(8, observation.flags).set(11, observation.status);
    return obx;
}

std::string render_flow(const Report& report, const std::string& control_id) {
    std::string out = header_segment({"FACSLYRIC", "QILU-FLOW", hl7_second(report.sent),
                                      "ORU^R01^ORU_R01", "2.5"},
                                     control_id)
                          .text();
    if (report.patient) {
        Segment pid("PID");
        pid.set(1, "1").set(3, mrn_field(*report.patient)).set(7, report.birth).set(8, report.sex);
        out += pid.text();
    }
    for (const Order& order : report.orders) {
        Segment obr("OBR");
        obr.set(1, "1").set(2, order.placer).set(3, order.accession).set(4, order.service);
        obr.set(7, order.collected ? hl7_second(*order.collected) : "");
        obr.set(22, hl7_second(report.sent)).set(25, order.observations.front().status);
        out += obr.text();
        for (std::size_t i = 0; i < order.observations.size(); ++i) {
            Segment obx = observation_segment(order.observations[i], i + 1);
            obx.set(16, "FLOW01").set(18, "LYRIC^BD").set(19, hl7_second(report.analysed));
            out += obx.text();
        }
        if (report.patient) {
            Segment spm("SPM");
            spm.set(1, "1").set(2, order.accession).set(4, "WB^Whole blood^HL70487").set(11, "P");
            out += spm.text();
        }
    }
    return out;
}

std::string render_molecular(const Report& report, const std::string& control_id) {
    Segment msh = header_segment(
        {"COBAS5800", "QILU-MOL", hl7_with_offset(report.sent), "OUL^R22^OUL_R22", "2.5.1"},
        control_id);
    msh.set(14, "NE").set(15, "AL").set(17, "UNICODE UTF-8").set(20, "LAB-29^IHE");
    std::string out = msh.text();
    for (const Order& order : report.orders) {
        Segment spm("SPM");
        spm.set(1, "1").set(2, order.accession + "&ROCHE").set(4, "PLAS^plasma^HL70487");
        spm.set(11, report.role + "^^HL70369");
        if (order.collected) {
            spm.set(17, report.utc ? hl7_utc(*order.collected) : hl7_with_offset(*order.collected));
        }
        out += spm.text();
        out += Segment("SAC").set(3, order.accession).set(10, "S07").set(11, "4").text();
        out += Segment("OBR").set(4, order.service).text();
        out += Segment("ORC").set(1, "SC").set(5, "CM").text();
        for (std::size_t i = 0; i < order.observations.size(); ++i) {
            Segment obx = observation_segment(order.observations[i], i + 1);
            obx.set(18, "c5800^Roche~c5800.1184^Roche").set(19, hl7_second(report.analysed));
            obx.set(29, "RSLT");
            out += obx.text();
        }
    }
    return out;
}

std::string render_hospital(const Report& report, const std::string& control_id) {
    const bool result = report.refused.empty();
    Segment msh = header_segment(
        {"LIS", "QILU", hl7_second(report.sent), result ? "ORU^R01" : "BAR^P01", "2.4"},
        control_id);
    msh.set(17, report.utf8 ? "UNICODE UTF-8" : "GB 18030-2000");
    std::string out = msh.text();
    if (!result) {
        out += Segment("EVN").set(1, "P01").set(2, hl7_second(report.sent)).text();
    }
    Segment pid("PID");
    pid.set(1, "1").set(3, mrn_field(*report.patient)).set(5, report.patient->name);
    pid.set(7, report.birth).set(8, report.sex);
    out += pid.text();
    if (!result) {
        out += Segment("PV1").set(1, "1").set(2, "I").set(3, "感染科^03^12").text();
    }
    for (std::size_t n = 0; n < report.orders.size(); ++n) {
        const Order& order = report.orders[n];
        Segment obr("OBR");
        obr.set(1, std::to_string(n + 1)).set(2, order.placer).set(3, order.accession);
        obr.set(4, order.service).set(7, order.collected ? hl7_minute(*order.collected) : "");
        obr.set(22, hl7_minute(report.analysed)).set(25, order.observations.front().status);
        out += obr.text();
        for (std::size_t i = 0; i < order.observations.size(); ++i) {
            out += observation_segment(order.observations[i], i + 1).text();
        }
    }
    return report.utf8 ? out : to_gb18030(out);
}

}  // namespace

const char* source_id(Laboratory laboratory) {
    switch (laboratory) {
        case Laboratory::flow:
            return "facs-lyric";
        case Laboratory::molecular:
            return "cobas-5800";
        case Laboratory::hospital:
            return "lis-qilu";
    }
    return "";
}

std::string render(const Report& report, const std::string& control_id) {
    switch (report.laboratory) {
        case Laboratory::flow:
            return render_flow(report, control_id);
        case Laboratory::molecular:
            return render_molecular(report, control_id);
        case Laboratory::hospital:
            return render_hospital(report, control_id);
    }
    return {};
}

std::string control_id(Laboratory laboratory, std::size_t number) {
    switch (laboratory) {
        case Laboratory::flow:
            return fmt::format("FL{:06}", number);
        case Laboratory::molecular:
            return fmt::format("C5800-{:05}", number);
        case Laboratory::hospital:
            return fmt::format("LIS{:08}", 23000000 + number);
    }
    return {};
}

}  // namespace labrelay::simulate
