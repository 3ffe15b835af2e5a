#include <sodium.h>

#include <array>
#include <nlohmann/json.hpp>

#include "labrelay/security/password.hpp"
#include "labrelay/security/totp.hpp"
#include "labrelay/store/account_desk.hpp"
#include "labrelay/store/console_session.hpp"
#include "labrelay/store/signature.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using security::Role;

const std::string kPassword = "seventeen red pencils";
constexpr std::int64_t kMinute = 60'000'000;

/// One hash for all: hashing is slow on purpose.
const std::string& hash_of_password() {
    static const std::string kHash = security::hash_password(kPassword);
    return kHash;
}

std::string weakly_hashed(const std::string& password) {
    constexpr std::size_t kMemory = std::size_t{8} << 20U;
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    EXPECT_EQ(crypto_pwhash_str(hash.data(), password.data(), password.size(), 1, kMemory), 0);
    return hash.data();
}

class AccountTest : public StoreTest {
protected:
    AccountTest() : reads_(*directory_) {
        act_.actor = "root (command)";
        act_.origin = Origin::command;
        act_.reason = "as asked";
    }

    /// What a change says, committed where it is not refused.
    template <class Work>
    auto change(const Work& work) {
        Desk desk(*writer_);
        auto done = work(desk);
        if (done) desk.commit();
        return done;
    }
    std::int64_t add(const std::string& name) {
        const auto id = change([&](Desk& desk) {
            return add_account(desk, act_, {name, "Dr " + name, hash_of_password(), false});
        });
        return id.value_or(0);
    }
    Result<std::int64_t> give(std::int64_t id, Role role, std::string study = {},
                              std::string training = "2026-11-20 SOP-12") {
        return change([&](Desk& desk) {
            return grant_role(desk, act_, id, {{role, std::move(study), {}}, std::move(training)});
        });
    }
    Result<void> disable(std::int64_t id) {
        return change(
            [&](Desk& desk) { return set_account_state(desk, act_, id, AccountState::disabled); });
    }
    Result<OpenedSession> try_in(const std::string& name, const std::string& password,
                                 const std::string& code = {}) {
        return sign_in(reads_, *writer_, strangers_, {name, password, code, "10.0.0.9"}, {});
    }
    Code refusal(const std::string& name, const std::string& password,
                 const std::string& code = {}) {
        const auto opened = try_in(name, password, code);
        return opened ? Code{} : opened.error().code;
    }
    std::optional<KnownSession> known(const std::string& token) {
        auto open = session();
        return session_of(open, token);
    }
    void pass(std::int64_t microseconds) {
        clock_.set(Instant{clock_.now().microseconds + microseconds});
    }
    std::vector<std::string> access(Instant at) {
        auto open = session();
        std::vector<std::string> rows;
        for (const AccessRow& row : access_at(open, at, 0, 100))
            rows.push_back(row.name + " " + std::string(security::to_string(row.grant.grant.role)) +
                           " " + row.grant.grant.study);
        return rows;
    }
    std::int64_t audited(const std::string& what) {
        return number("SELECT count(*) FROM audit WHERE what LIKE '" + what + "'");
    }

    ReadPool reads_;
    security::FailureCounter strangers_{security::kFailuresAllowed, security::kClosedFor};
    Act act_;
};

TEST_F(AccountTest, ANameIsUsedOnce) {
    const std::int64_t anna = add("anna");
    ASSERT_GT(anna, 0);
    ASSERT_TRUE(disable(anna));
    const auto again = change([&](Desk& desk) {
        return add_account(desk, act_, {"anna", "Anna Other", "", false});
    });
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::account_exists);
}

TEST_F(AccountTest, AListSaysWhoMadeEachAsTheAccountDoes) {
    const std::int64_t anna = add("anna");
    act_.actor = "boris";
    const std::int64_t carla = add("carla");
    ASSERT_TRUE(disable(anna));
    auto open = session();
    const std::vector<Account> all = accounts(open, anna - 1, 10);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].made_by, "root (command)");
    EXPECT_EQ(all[1].made_by, "boris");
    EXPECT_EQ(account(open, anna)->made_by, "root (command)");
    EXPECT_EQ(account(open, carla)->made_by, "boris");
}

TEST_F(AccountTest, SignInGivesASessionWithTheRolesOfNow) {
    const std::int64_t anna = add("anna");
    ASSERT_TRUE(give(anna, Role::data_manager, "NCT05872659"));
    const auto opened = try_in("Anna", kPassword);
    ASSERT_TRUE(opened) << describe(opened.error());
    auto found = known(opened->token);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->who.account, anna);
    EXPECT_EQ(found->who.name, "anna");
    ASSERT_EQ(found->who.grants.size(), 1U);
    EXPECT_TRUE(found->who.may(security::Permission::repair_subject, "NCT05872659", "QILU"));
    EXPECT_FALSE(found->who.may(security::Permission::repair_subject, "NCT1", "QILU"));
    EXPECT_EQ(found->csrf.size(), 64U);
    EXPECT_NE(found->csrf, opened->token);
    std::string another = opened->token;
    another[0] = another[0] == '0' ? '1' : '0';
    EXPECT_FALSE(known(another));
    // The token itself stands nowhere in the store.
    auto database = direct();
    auto query = database.prepare("SELECT token FROM console_session");
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.blob(0).find(opened->token), std::string_view::npos);
    EXPECT_EQ(query.blob(0).size(), 32U);
    EXPECT_EQ(audited("signed in"), 1);
}

TEST_F(AccountTest, FiveFailuresCloseTheAccountForAWhile) {
    add("anna");
    for (int failure = 1; failure < 5; ++failure)
        EXPECT_EQ(refusal("anna", "seventeen red pencil"), Code::sign_in_failed) << failure;
    EXPECT_EQ(refusal("anna", "seventeen red pencil"), Code::account_locked);
    // The right password is of no use now.
    EXPECT_EQ(refusal("anna", kPassword), Code::account_locked);
    pass(15 * kMinute - 1);
    EXPECT_EQ(refusal("anna", kPassword), Code::account_locked);
    pass(1);
    EXPECT_TRUE(try_in("anna", kPassword));
    EXPECT_EQ(audited("sign-in failed"), 5);
    EXPECT_EQ(audited("account closed after 5 failures%"), 1);
    EXPECT_EQ(audited("sign-in refused: the account is closed%"), 2);
}

TEST_F(AccountTest, ASuccessBeginsTheCountAnew) {
    add("anna");
    for (int round = 0; round < 2; ++round) {
        for (int failure = 0; failure < 4; ++failure)
            EXPECT_EQ(refusal("anna", "seventeen red pencil"), Code::sign_in_failed);
        EXPECT_TRUE(try_in("anna", kPassword));
    }
}

TEST_F(AccountTest, AnAdministratorOpensWhatFailuresClosed) {
    const std::int64_t anna = add("anna");
    for (int failure = 0; failure < 5; ++failure) refusal("anna", "wrong");
    ASSERT_EQ(refusal("anna", kPassword), Code::account_locked);
    ASSERT_TRUE(change([&](Desk& desk) { return unlock_account(desk, act_, anna); }));
    EXPECT_TRUE(try_in("anna", kPassword));
}

TEST_F(AccountTest, ANameThatNobodyHasBehavesLikeOneThatSomebodyHas) {
    for (int failure = 1; failure < 5; ++failure)
        EXPECT_EQ(refusal("nobody", kPassword), Code::sign_in_failed) << failure;
    EXPECT_EQ(refusal("nobody", kPassword), Code::account_locked);
    EXPECT_EQ(refusal("Nobody", kPassword), Code::account_locked);
    EXPECT_EQ(refusal("", ""), Code::sign_in_failed);
    // What was typed as a name is not written down.
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE what LIKE '%Nobody%' OR actor = 'nobody' "
                     "AND what LIKE '%pencils%'"),
              0);
    EXPECT_EQ(audited("sign-in failed: no account has this name"), 6);
}

TEST_F(AccountTest, TimeTellsNoNameFromAnother) {
    add("anna");
    for (const std::int64_t minutes : {0, 0, 0, 0, 15, 0, 0, 0, 14, 14, 1}) {
        pass(minutes * kMinute);
        EXPECT_EQ(refusal("anna", "wrong"), refusal("nobody", "wrong"));
    }
}

TEST_F(AccountTest, ADisabledAccountIsOutAtOnce) {
    const std::int64_t anna = add("anna");
    const auto opened = try_in("anna", kPassword);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(disable(anna));
    EXPECT_FALSE(known(opened->token));
    EXPECT_EQ(refusal("anna", kPassword), Code::account_disabled);
    EXPECT_EQ(refusal("anna", "wrong"), Code::sign_in_failed);
}

TEST_F(AccountTest, ANewPasswordEndsTheOtherSessions) {
    const std::int64_t anna = add("anna");
    const auto first = try_in("anna", kPassword);
    const auto second = try_in("anna", kPassword);
    ASSERT_TRUE(first && second);
    Act own = act_;
    own.session = known(second->token)->who.session;
    ASSERT_TRUE(change([&](Desk& desk) {
        return set_password(desk, own, anna, security::hash_password("nineteen blue pencils"),
                            false);
    }));
    EXPECT_FALSE(known(first->token));
    EXPECT_TRUE(known(second->token));
    EXPECT_EQ(refusal("anna", kPassword), Code::sign_in_failed);
    EXPECT_TRUE(try_in("anna", "nineteen blue pencils"));
}

TEST_F(AccountTest, APasswordOfOtherParametersIsHashedAgain) {
    const std::string weak = weakly_hashed(kPassword);
    ASSERT_TRUE(security::is_outdated(weak));
    const std::int64_t anna = add("anna");
    ASSERT_TRUE(change([&](Desk& desk) { return set_password(desk, act_, anna, weak, false); }));
    ASSERT_TRUE(try_in("anna", kPassword));
    auto database = direct();
    auto query = database.prepare("SELECT password FROM account");
    ASSERT_TRUE(query.step());
    EXPECT_TRUE(query.text(0).starts_with("$argon2id$v=19$m=65536,t=2"));
    EXPECT_TRUE(security::password_fits(query.text(0), kPassword));
}

TEST_F(AccountTest, ARoleNeedsItsTraining) {
    const std::int64_t anna = add("anna");
    const auto refused = give(anna, Role::viewer, {}, "");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::training_missing);
    EXPECT_TRUE(access(clock_.now()).empty());
    ASSERT_TRUE(give(anna, Role::viewer));
    const auto twice = give(anna, Role::viewer);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, Code::state_change_bad);
}

TEST_F(AccountTest, AdministratorsDoNotReviewData) {
    const std::int64_t anna = add("anna");
    ASSERT_TRUE(give(anna, Role::administrator));
    EXPECT_EQ(give(anna, Role::data_manager).error().code, Code::forbidden);
    EXPECT_TRUE(give(anna, Role::inspector));
    const std::int64_t bo = add("bo");
    ASSERT_TRUE(give(bo, Role::mapper));
    EXPECT_EQ(give(bo, Role::administrator).error().code, Code::forbidden);
}

TEST_F(AccountTest, NobodyChangesTheirOwnRoles) {
    const std::int64_t anna = add("anna");
    act_.actor = "anna";
    EXPECT_EQ(give(anna, Role::inspector).error().code, Code::forbidden);
    act_.actor = "root (command)";
    const auto grant = give(anna, Role::inspector);
    ASSERT_TRUE(grant);
    act_.actor = "anna";
    const auto ended = change([&](Desk& desk) { return end_grant(desk, act_, anna, *grant); });
    EXPECT_EQ(ended.error().code, Code::forbidden);
}

TEST_F(AccountTest, TheLastAdministratorStays) {
    const std::int64_t anna = add("anna");
    const std::int64_t bo = add("bo");
    const auto annas = give(anna, Role::administrator);
    ASSERT_TRUE(annas);
    const auto last = disable(anna);
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, Code::last_administrator);
    const auto ended = change([&](Desk& desk) { return end_grant(desk, act_, anna, *annas); });
    EXPECT_EQ(ended.error().code, Code::last_administrator);
    EXPECT_EQ(access(clock_.now()).size(), 1U);
    // One of a study only does not administer the system.
    ASSERT_TRUE(give(bo, Role::administrator, "NCT05872659"));
    EXPECT_EQ(disable(anna).error().code, Code::last_administrator);
    ASSERT_TRUE(give(bo, Role::administrator));
    EXPECT_TRUE(disable(anna));
    EXPECT_EQ(disable(bo).error().code, Code::last_administrator);
}

TEST_F(AccountTest, AnEndedRoleEndsTheSessions) {
    const std::int64_t anna = add("anna");
    const auto grant = give(anna, Role::viewer);
    const auto opened = try_in("anna", kPassword);
    ASSERT_TRUE(grant && opened);
    ASSERT_TRUE(change([&](Desk& desk) { return end_grant(desk, act_, anna, *grant); }));
    EXPECT_FALSE(known(opened->token));
    const auto again = change([&](Desk& desk) { return end_grant(desk, act_, anna, *grant); });
    EXPECT_EQ(again.error().code, Code::not_found);
}

TEST_F(AccountTest, WhoCouldDoWhatIsKnownForAnyInstant) {
    const Instant before = clock_.now();
    pass(kMinute);
    const std::int64_t anna = add("anna");
    const auto first = give(anna, Role::viewer, "NCT1");
    const Instant with_first = clock_.now();
    pass(kMinute);
    ASSERT_TRUE(give(anna, Role::inspector));
    ASSERT_TRUE(change([&](Desk& desk) { return end_grant(desk, act_, anna, *first); }));
    const Instant with_second = clock_.now();
    pass(kMinute);
    ASSERT_TRUE(disable(anna));
    const Instant disabled = clock_.now();
    pass(kMinute);
    ASSERT_TRUE(change(
        [&](Desk& desk) { return set_account_state(desk, act_, anna, AccountState::active); }));
    using Rows = std::vector<std::string>;
    EXPECT_EQ(access(before), Rows{});
    EXPECT_EQ(access(with_first), Rows{"anna viewer NCT1"});
    EXPECT_EQ(access(with_second), Rows{"anna inspector "});
    EXPECT_EQ(access(disabled), Rows{});
    EXPECT_EQ(access(clock_.now()), Rows{"anna inspector "});
}

TEST_F(AccountTest, ASecondFactorIsAskedForAndItsCodeWorksOnce) {
    const std::int64_t anna = add("anna");
    const std::string secret = "12345678901234567890";  // by chance two codes may be the same
    ASSERT_TRUE(
        change([&](Desk& desk) { return propose_second_factor(desk, act_, anna, secret); }));
    EXPECT_TRUE(try_in("anna", kPassword));  // not yet confirmed
    const auto code = [&](std::int64_t later = 0) {
        return security::totp_code(secret, clock_.now().microseconds / 30'000'000 + later);
    };
    const auto wrong =
        change([&](Desk& desk) { return confirm_second_factor(desk, act_, anna, "000000"); });
    EXPECT_EQ(wrong.error().code, Code::sign_in_failed);
    ASSERT_TRUE(
        change([&](Desk& desk) { return confirm_second_factor(desk, act_, anna, code()); }));
    EXPECT_EQ(refusal("anna", kPassword), Code::second_factor_needed);
    EXPECT_EQ(refusal("anna", kPassword, code()), Code::sign_in_failed);  // it confirmed already
    pass(kMinute);
    EXPECT_TRUE(try_in("anna", kPassword, code()));
    EXPECT_EQ(refusal("anna", kPassword, code()), Code::sign_in_failed);
    EXPECT_EQ(refusal("anna", "wrong", code(1)), Code::sign_in_failed);
    // The secret stands in the store under its key only.
    auto database = direct();
    auto query = database.prepare("SELECT totp FROM account");
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.blob(0).find(secret), std::string_view::npos);
    ASSERT_TRUE(change([&](Desk& desk) { return remove_second_factor(desk, act_, anna); }));
    EXPECT_TRUE(try_in("anna", kPassword));
}

class SignatureTest : public AccountTest {
protected:
    SignatureTest() {
        add("anna");
        token_ = try_in("anna", kPassword)->token;
    }
    Result<Signer> confirm(const GivenSignature& given) {
        return confirm_password(reads_, *writer_, known(token_)->who, given);
    }
    std::int64_t signed_by(const Signer& signer, const nlohmann::json& content) {
        Desk desk(*writer_);
        const std::int64_t id = sign(desk, signer, "approved", "approval", "7", content);
        desk.commit();
        return id;
    }
    std::string missing(const GivenSignature& given) {
        const auto signer = confirm(given);
        if (signer || signer.error().code != Code::signature_needed) return "nothing";
        return signer.error().detail;
    }

    std::string token_;
};

TEST_F(SignatureTest, TheFirstNeedsNameAndDeclarationTheNextThePassword) {
    EXPECT_EQ(missing({"", "anna", true}), "password");
    EXPECT_EQ(missing({kPassword, "", true}), "name");
    EXPECT_EQ(missing({kPassword, "anna", false}), "declaration");
    const auto first = confirm({kPassword, "Anna", true});
    ASSERT_TRUE(first) << describe(first.error());
    EXPECT_EQ(first->name, "Dr anna (anna)");
    // What is not signed in the end is no first signature.
    EXPECT_EQ(missing({kPassword, "", true}), "name");
    signed_by(*first, {{"a", 1}});
    EXPECT_TRUE(known(token_)->certified);
    EXPECT_EQ(number("SELECT count(*) FROM account WHERE certified LIKE '2026-%my handwritten%'"),
              1);
    EXPECT_TRUE(confirm({kPassword, "", false}));
    // Another session begins with both again, and without another declaration.
    token_ = try_in("anna", kPassword)->token;
    EXPECT_EQ(missing({kPassword, "", false}), "name");
    EXPECT_TRUE(confirm({kPassword, "anna", false}));
}

TEST_F(SignatureTest, AWrongPasswordOrNameCountsAsAtSignIn) {
    EXPECT_EQ(confirm({"wrong", "anna", true}).error().code, Code::signature_failed);
    EXPECT_EQ(confirm({kPassword, "bo", true}).error().code, Code::signature_failed);
    for (int failure = 0; failure < 2; ++failure) confirm({"wrong", "anna", true});
    EXPECT_EQ(confirm({"wrong", "anna", true}).error().code, Code::account_locked);
    EXPECT_EQ(confirm({kPassword, "anna", true}).error().code, Code::account_locked);
    EXPECT_EQ(refusal("anna", kPassword), Code::account_locked);
    EXPECT_EQ(audited("signature failed"), 5);
}

TEST_F(SignatureTest, StandsForItsObjectAndContentOnly) {
    const nlohmann::json content = nlohmann::json::parse(R"({"b": [1, 2], "a": "x"})");
    const std::int64_t id = signed_by(*confirm({kPassword, "anna", true}), content);
    auto open = session();
    const auto found = signature(open, id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "Dr anna (anna)");
    EXPECT_EQ(found->meaning, "approved");
    EXPECT_EQ(found->at, clock_.now());
    EXPECT_EQ(canonical_form(content), R"({"a":"x","b":[1,2]})");
    EXPECT_EQ(found->content, crypto::sha256(R"({"a":"x","b":[1,2]})"));
    EXPECT_TRUE(
        found->stands_for("approval", "7", nlohmann::json::parse(R"({"a":"x","b":[1,2]})")));
    EXPECT_FALSE(
        found->stands_for("approval", "7", nlohmann::json::parse(R"({"a":"x","b":[2,1]})")));
    EXPECT_FALSE(found->stands_for("approval", "8", content));
    EXPECT_FALSE(found->stands_for("lock", "7", content));
    EXPECT_FALSE(signature(open, id + 1));
    EXPECT_EQ(audited("Signed as approved"), 1);
}

TEST_F(SignatureTest, NobodyWithoutAnAccountSigns) {
    security::Principal command;
    command.command = true;
    const auto signer = confirm_password(reads_, *writer_, command, {kPassword, "anna", true});
    EXPECT_EQ(signer.error().code, Code::forbidden);
}

}  // namespace
}  // namespace labrelay::store
