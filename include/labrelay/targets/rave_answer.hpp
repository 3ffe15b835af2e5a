#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "labrelay/core/result.hpp"
#include "labrelay/targets/http_exchange.hpp"

namespace labrelay::targets {

/// What an answer of Rave's web services means for the document that was posted.
struct RaveAnswer {
    enum class Kind : std::uint8_t {
        accepted,
        refused,  ///< the document is refused as a whole
        stopped,  ///< credentials, rights, a wrong address
        away,     ///< nothing was done
        lost,     ///< whether it was done is not known: an error may follow a request that worked
    };
    Kind kind = Kind::lost;
    std::string why;   ///< Rave's words with their code; without what was sent
    int fields = 0;    ///< "Rave objects touched": a request that changed nothing touches none
    std::string body;  ///< of accepted
    /// Of refused, and of nothing but 404 with Rave's own words: it has no such subject or form.
    bool absent = false;
};

/// Reads an answer in each of its shapes: `<Response IsTransactionSuccessful="1">`, the same with
/// "0" and a reason, an ODM root with mdsol:ErrorDescription, an HTML page of IIS, plain text.
/// Pure.
RaveAnswer read_rave_answer(const HttpAnswer& answer);

/// Where an item stands: event, its repeat key, form, item group, its repeat key, item.
struct RaveItem {
    std::string event;
    std::string event_repeat;
    std::string form;
    std::string group;
    std::string group_repeat;
    std::string item;

    friend auto operator<=>(const RaveItem&, const RaveItem&) = default;
};
using RaveItems = std::map<RaveItem, std::string>;

/// Reads a data set (`/datasets/regular/FORM`) of one subject. Error: target-answer-bad.
Result<RaveItems> read_rave_dataset(std::string_view body);

}  // namespace labrelay::targets
