#include "labrelay/api/signing.hpp"

#include <nlohmann/json.hpp>

#include "body.hpp"
#include "labrelay/views/account.hpp"
#include "reading.hpp"
#include "record_sight.hpp"

namespace labrelay::api {

Result<EnterSignature> AccountSigning::confirm(const Request& request, const nlohmann::json& body) {
    const auto given = body.find("signature");
    if (given == body.end() || !given->is_object()) {
        return fail(Code::signature_needed, Place{"signature"});
    }
    std::string meaning = text_of(*given, "meaning");
    if (meaning.empty()) {
        return fail(Code::signature_needed, Place{"signature"}, "meaning");
    }
    const auto declares = given->find("declare");
    Result<store::Signer> signer = store::confirm_password(
        services_.reads, services_.writer, request.who,
        {text_of(*given, "password"), text_of(*given, "name"),
         declares != given->end() && declares->is_boolean() && declares->get<bool>()});
    if (!signer) {
        return tl::unexpected(signer.error());
    }
    return EnterSignature([signer = std::move(*signer), meaning = std::move(meaning)](
                              store::Desk& desk, std::string_view object_kind,
                              std::string_view object, const nlohmann::json& content) {
        return store::sign(desk, signer, meaning, object_kind, object, content);
    });
}

namespace {

/// Whoever made it sees it, and whoever sees what was signed.
std::optional<store::Signature> seen_signature(const Services& services, const Request& request,
                                               store::ReadSession& reads, std::int64_t id) {
    auto found = store::signature(reads, id);
    const auto permission = security::Permission::audit_view;
    const views::Sight sight = sight_of(services, request, permission);
    if (found && found->account != request.who.account &&
        !RecordSight(reads, sight, permission).sees(found->object_kind, found->object)) {
        found.reset();
    }
    return found;
}

}  // namespace

void add_signature_routes(Router& router, const Services& services) {
    router.add({Method::get,
                "/signatures/{id}",
                Access::within(security::Permission::audit_view),
                "A signature: who, when, what it stands for, and the digest of what was signed",
                {},
                {},
                R"({"type":"object","required":["id","name","at","meaning"]})",
                [&services](const Request& request) -> Result<Response> {
                    const Result<std::int64_t> id = request.number("id");
                    if (!id) {
                        return tl::unexpected(id.error());
                    }
                    const auto found = with_reads(services, [&](store::ReadSession& reads) {
                        return seen_signature(services, request, reads, *id);
                    });
                    if (!found) {
                        return fail(Code::not_found, Place{"signature"});
                    }
                    return answer(views::signature_json(*found));
                }});
}

}  // namespace labrelay::api
