#pragma once

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::test {

/// A message as text that a test changes by place: `a_message().with("OBX-5", "7.2")`. Places are
/// `SEG-field` and `SEG[n]-field`; MSH fields are numbered as HL7 does it.
class MessageBuilder {
public:
    explicit MessageBuilder(std::vector<std::string> segments) : segments_(std::move(segments)) {}

    MessageBuilder with(std::string_view place, std::string_view value) && {
        const std::size_t dash = place.find('-');
        const std::size_t field = number(place.substr(dash + 1));
        std::string& segment = *find(place.substr(0, dash));
        std::vector<std::string> fields = split(segment);
        const std::size_t at = segment.substr(0, 3) == "MSH" ? field - 1 : field;
        if (fields.size() <= at) {
            fields.resize(at + 1);
        }
        fields[at] = std::string(value);
        segment = fields[0];
        for (std::size_t i = 1; i < fields.size(); ++i) {
            segment += '|' + fields[i];
        }
        return std::move(*this);
    }
    /// `OBX`, `OBX[2]`.
    MessageBuilder without(std::string_view segment) && {
        segments_.erase(find(segment));
        return std::move(*this);
    }
    MessageBuilder add(std::string segment) && {
        segments_.push_back(std::move(segment));
        return std::move(*this);
    }
    /// Puts a segment before another one.
    MessageBuilder add_before(std::string_view place, std::string segment) && {
        segments_.insert(find(place), std::move(segment));
        return std::move(*this);
    }
    std::string text() const {
        std::string all;
        for (const std::string& segment : segments_) {
            all += segment + '\r';
        }
        return all;
    }

private:
    static std::size_t number(std::string_view digits) {
        std::size_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return value;
    }
    static std::vector<std::string> split(const std::string& segment) {
        std::vector<std::string> fields(1);
        for (const char c : segment) {
            if (c == '|') {
                fields.emplace_back();
            } else {
                fields.back() += c;
            }
        }
        return fields;
    }
    std::vector<std::string>::iterator find(std::string_view name) {
        std::size_t left = name.size() > 4 ? number(name.substr(4)) : 1;
        for (auto segment = segments_.begin(); segment != segments_.end(); ++segment) {
            if (segment->substr(0, 3) == name.substr(0, 3) && --left == 0) {
                return segment;
            }
        }
        throw std::invalid_argument("no such segment: " + std::string(name));
    }

    std::vector<std::string> segments_;
};

/// One CD4 count of subject S-004 from the flow cytometer.
inline MessageBuilder a_flow_message() {
    return MessageBuilder({
        R"(MSH|^~\&|FACSLYRIC|QILU-FLOW|LABRELAY|QILU|20240422143000||ORU^R01^ORU_R01|FL1|P|2.5)",
        "PID|1||00481523^^^QILU^MR||||19780312|F",
        "OBR|1|P1|A240422043|TBNK^T subset^99BD|||20240422081000|||||||||||||||20240422143000|||F",
        "OBX|1|NM|CD3+CD4+^^99BD||412|cells/uL|||||F|||||FLOW01||LYRIC^BD|20240422133000",
        "SPM|1|A240422043||WB^Whole blood^HL70487|||||||P",
    });
}

/// One viral load of a specimen that the registry knows, from the PCR platform.
inline MessageBuilder a_molecular_message() {
    return MessageBuilder({
        R"(MSH|^~\&|COBAS5800|QILU-MOL|LABRELAY|QILU|20240423110000+0800||OUL^R22^OUL_R22|C1|P|2.5.1)"
        "|||NE|AL||UNICODE UTF-8|||LAB-29^IHE",
        "SPM|1|A240422044&ROCHE||PLAS^plasma^HL70487|||||||P^^HL70369||||||20240422081000+0800",
        "OBR|1|||HIV1^HIV-1 RNA^99ROC",
        "OBX|1|SN|HIV1^HIV-1 RNA^99ROC|1|^388|{copies}/mL^^UCUM|||||F||||||||20240423104500",
    });
}

/// One enzyme of subject S-004 from the hospital's LIS, in UTF-8 by MSH-18.
inline MessageBuilder a_hospital_message() {
    return MessageBuilder({
        R"(MSH|^~\&|LIS|QILU|LABRELAY|QILU|20240422150000||ORU^R01|LIS1|P|2.4||||||UNICODE UTF-8)",
        "PID|1||00481523^^^QILU^MR||||19780312|女",
        "OBR|1|P2|A240422051|BIO^生化全套^L|||202404220805|||||||||||||||202404221450|||F",
        "OBX|1|NM|ALT^丙氨酸氨基转移酶^L^1742-6^^LN||33|IU/L|7 ~ 40|N|||F",
    });
}

}  // namespace labrelay::test
