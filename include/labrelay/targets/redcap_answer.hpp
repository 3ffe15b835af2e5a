#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labrelay/targets/http_exchange.hpp"

namespace labrelay::targets {

/// One cell that REDCap refuses, in its words.
struct RedcapCell {
    std::string record;
    std::string field;
    std::string value;
    std::string message;

    friend bool operator==(const RedcapCell&, const RedcapCell&) = default;
};

/// What an answer of the API means for the request that it answers.
struct RedcapAnswer {
    enum class Kind : std::uint8_t {
        accepted,  ///< `body` is the answer
        refused,   ///< the data are refused, all of them; `cells` and `fields` say which, where
                   ///< known
        stopped,   ///< token, rights, ban, wrong URL: labrelay itself is refused
        away,      ///< nothing was done
        lost,      ///< whether it was done is not known
    };
    Kind kind = Kind::lost;
    std::string body;
    std::string why;                  ///< REDCap's words; of refused they may repeat values
    std::vector<RedcapCell> cells;    ///< the lines of `error`, or its `records`
    std::vector<std::string> fields;  ///< unknown ones
};

/// Reads an answer in every shape that REDCap has: JSON `error` holding lines of CSV, `records` or
/// `fields`; XML `<hash><error>`; `ERROR:` as plain text; an HTML page of whatever stands before
/// it. A status 200 that is no answer of the API counts as lost: nobody knows who spoke. Pure.
RedcapAnswer read_redcap_answer(const HttpAnswer& answer);

/// `text` without any of `secrets` that stands in it as a word: what is shown and logged repeats
/// neither values nor record names.
std::string without(std::string text, const std::vector<std::string>& secrets);

}  // namespace labrelay::targets
