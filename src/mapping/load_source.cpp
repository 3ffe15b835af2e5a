#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "element.hpp"
#include "labrelay/hl7/header.hpp"
#include "load_observation.hpp"
#include "loading.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using units::ReportedValue;

constexpr std::int64_t kLongestRetention = 3650;

class SourceReader {
public:
    SourceReader(XmlFile& file, const Catalogue& catalogue) : file_(file), catalogue_(catalogue) {
        source_.file = file.name();
    }

    LoadedSource read(std::string_view id) {
        if (file_.root() != nullptr) {
            Element root(*file_.root(), file_);
            read_settings(root, id);
            read_children(root);
            root.finish();
            check_approval(root);
            check_identifiers(root);
            check_roles();
            check_lines(source_, file_);
        }
        return {std::move(source_), &file_, std::move(recognise_at_)};
    }

private:
    void read_settings(Element& root, std::string_view id) {
        source_.id = root.required("id");
        if (!source_.id.empty() && source_.id != id) {
            file_.error(Code::attribute_bad, root.value_at("id"),
                        fmt::format("The id is the file's name: {}.", id));
        }
        source_.name = root.text("name");
        root.required("version");
        source_.version =
            root.integer("version", 1, std::numeric_limits<std::int32_t>::max()).value_or(1);
        source_.zone = root.zone("zone");
        root.required("mode");
        source_.mode = root.choice<SourceMode>("mode", {{"test", SourceMode::test},
                                                        {"shadow", SourceMode::shadow},
                                                        {"live", SourceMode::live},
                                                        {"off", SourceMode::off}})
                           .value_or(SourceMode::off);
        source_.laboratory = root.required("laboratory");
        source_.strict = root.yes_no("strict", false);
        source_.unknown_patient =
            root.choice<UnknownPatient>("unknown-patient", {{"hold", UnknownPatient::hold},
                                                            {"ignore", UnknownPatient::ignore}})
                .value_or(UnknownPatient::hold);
        source_.ignored_retention_days =
            static_cast<int>(root.integer("retention-days", 0, kLongestRetention).value_or(30));
        source_.teaches_specimens = root.yes_no("teaches-specimens", false);
        source_.believes_loinc = root.yes_no("believes-loinc", true);
        const std::optional<hl7::Charset> charset = read_charset(root, "charset");
        source_.charset = charset.value_or(hl7::Charset::utf_8);
        source_.charset_fallback = read_charset(root, "charset-fallback");
        if (charset || root.value_at("charset") == root.at()) {
            check_fallback(root);
        }
        source_.loose_segment_names = root.yes_no("loose-segment-names", false);
        source_.join_broken_lines = root.yes_no("join-broken-lines", false);
        source_.batch_reply =
            root.choice<BatchReply>("batch-reply", {{"all", BatchReply::all},
                                                    {"errors", BatchReply::errors},
                                                    {"single", BatchReply::single},
                                                    {"none", BatchReply::none}})
                .value_or(BatchReply::all);
        source_.pseudonymous = root.yes_no("pseudonymous", false);
        source_.sub_id_names_specimen = root.yes_no("sub-id-names-specimen", false);
        read_acknowledging(root);
    }

    void read_acknowledging(Element& root) {
        using study::StoreFailure;
        source_.sequence = root.yes_no("sequence", false);
        source_.answers_unreadable = root.yes_no("answer-unreadable", true);
        source_.replies_apart =
            root.choice<bool>("reply", {{"same", false}, {"apart", true}}).value_or(false);
        source_.store_failure =
            root.choice<StoreFailure>("store-failure", {{"close", StoreFailure::close},
                                                        {"error", StoreFailure::error},
                                                        {"reject", StoreFailure::reject}})
                .value_or(StoreFailure::close);
        source_.hl7_version = root.text("hl7-version");
        if (!source_.hl7_version.empty() && hl7::version_number(source_.hl7_version) == 0) {
            file_.error(
                Code::attribute_bad, root.value_at("hl7-version"),
                fmt::format("\"{}\" is no version of HL7 from 2.1 to 2.9.", source_.hl7_version));
        }
    }

    /// As MSH-18 would say it, with repetitions: `ASCII~ISO IR87`.
    std::optional<hl7::Charset> read_charset(Element& root, const char* attribute) {
        const std::string written = root.text(attribute);
        if (written.empty()) {
            return std::nullopt;
        }
        if (const auto charset = hl7::charset_from_field(written, '~')) {
            return charset;
        }
        std::vector<std::string_view> names;
        for (std::size_t number = 0; number < hl7::kCharsetCount; ++number) {
            const std::string_view name = hl7::hl7_name(static_cast<hl7::Charset>(number));
            if (std::ranges::find(names, name) == names.end()) {
                names.push_back(name);
            }
        }
        file_.error(Code::attribute_bad, root.value_at(attribute), one_of(names, written));
        return std::nullopt;
    }

    void check_fallback(Element& root) {
        if (!source_.charset_fallback ||
            hl7::fallback_can_help({source_.charset, source_.charset_fallback})) {
            return;
        }
        const std::string_view first = hl7::hl7_name(source_.charset);
        const std::string_view then = hl7::hl7_name(*source_.charset_fallback);
        const bool exchanged = hl7::fallback_can_help({*source_.charset_fallback, source_.charset});
        file_.error(
            Code::attribute_bad, root.value_at("charset-fallback"),
            fmt::format("Whatever is not valid in {} is not valid in {} either: it would never be "
                        "used. {}",
                        first, then,
                        exchanged ? fmt::format("Did you mean charset=\"{}\" with "
                                                "charset-fallback=\"{}\"?",
                                                then, first)
                                  : std::string("Leave it out.")));
    }

    void read_children(Element& root) {
        root.children(
            {{"approval", [this](Element& e) { read_approval(e); }, false, true},
             {"recognise", [this](Element& e) { read_recognise(e); }, true},
             {"patient", [this](Element& e) { read_patient(e); }},
             {"specimen", [this](Element& e) { read_specimen(e); }},
             {"role", [this](Element& e) { read_role(e); }, false, true},
             {"control", [this](Element& e) { read_control(e); }},
             {"collected", [this](Element& e) { read_collected(e); }, true, true},
             {"birth-date", [this](Element& e) { read_birth_date(e); }, false, true},
             {"sex", [this](Element& e) { read_sex(e); }, false, true},
             {"values", [this](Element& e) { read_values(e); }, false, true},
             {"declared", [this](Element& e) { read_declared(e); }},
             {"habit", [this](Element& e) { read_habit(e); }, false, true},
             {"below", [this](Element& e) { read_below(e); }, false, true},
             {"zero", [this](Element& e) { read_zero(e); }, false, true},
             {"observation",
              [this](Element& e) { read_observation(e, catalogue_, source_.observations); }, true},
             {"ignore", [this](Element& e) { read_ignore(e); }}});
    }

    void read_approval(Element& element) {
        source_.approved_by = element.required("by");
        element.required("on");
        source_.approved_on = element.day("on");
    }

    void read_recognise(Element& element) {
        Recognition recognition;
        recognition.application = element.text("application");
        recognition.facility = element.text("facility");
        recognition.receiving_application = element.text("receiving-application");
        recognition.receiving_facility = element.text("receiving-facility");
        recognition.profile = element.text("profile");
        recognition.certificate = read_certificate(element);
        const std::string peer = element.text("peer");
        recognition.peer = PeerRange::parse(peer);
        if (!peer.empty() && !recognition.peer) {
            file_.error(Code::attribute_bad, element.value_at("peer"),
                        "Write an address such as 192.0.2.7 or 2001:db8::7, or a range whose host "
                        "bits are zero such as 192.0.2.0/24.");
        }
        if (const auto port = element.integer("port", 1, 65535)) {
            recognition.port = static_cast<std::uint16_t>(*port);
        }
        const auto absent = [&](const char* name) {
            return element.value_at(name) == element.at();
        };
        constexpr std::array kAttributes{"application",
                                         "facility",
                                         "receiving-application",
                                         "receiving-facility",
                                         "profile",
                                         "port",
                                         "peer",
                                         "certificate"};
        if (std::all_of(kAttributes.begin(), kAttributes.end(), absent)) {
            file_.error(Code::attribute_missing, element.at(),
                        "<recognise> needs at least one attribute.");
        }
        source_.recognise.push_back(std::move(recognition));
        recognise_at_.push_back(element.at());
    }

    /// SHA-256 in hex, also as openssl prints it: upper case, with colons. Lower case, without.
    std::string read_certificate(Element& element) {
        const std::string written = element.text("certificate");
        std::string digest;
        bool sound = true;
        for (const char c : written) {
            const bool upper = c >= 'A' && c <= 'F';
            const bool hex = upper || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            if (hex) {
                digest += upper ? static_cast<char>(c - 'A' + 'a') : c;
            }
            sound = sound && (hex || c == ':');
        }
        constexpr std::size_t kDigits = 64;
        if (!written.empty() && (!sound || digest.size() != kDigits)) {
            file_.error(Code::attribute_bad, element.value_at("certificate"),
                        "Write the certificate's SHA-256 in hex: openssl x509 -noout -fingerprint "
                        "-sha256 -in FILE prints it.");
        }
        return digest;
    }

    /// A path that must be there; nothing where it is not, with an error.
    static std::optional<hl7::Path> required_path(Element& element, std::string_view name) {
        element.required(name);
        return element.path(name);
    }

    void read_patient(Element& element) {
        auto from = required_path(element, "from");
        std::string authority = element.required("authority");
        if (from) {
            source_.patients.push_back({*std::move(from), std::move(authority)});
        }
    }

    void read_specimen(Element& element) {
        auto from = required_path(element, "from");
        std::string authority = element.text("authority");
        auto agrees_with = element.path("agrees-with");
        if (from) {
            source_.specimens.push_back(
                {*std::move(from), std::move(authority), std::move(agrees_with)});
        }
    }

    void read_role(Element& element) {
        element.required("patient");
        source_.patient_roles.clear();
        for (const ListItem& item : element.words("patient")) {
            source_.patient_roles.push_back(item.text);
        }
        role_at_ = element.at();
    }

    void read_control(Element& element) {
        auto from = required_path(element, "from");
        element.required("is");
        ControlLine line;
        for (const ListItem& item : element.words("is")) {
            line.words.push_back(item.text);
        }
        if (from) {
            line.from = *std::move(from);
            source_.controls.push_back(std::move(line));
        }
    }

    void read_collected(Element& element) {
        source_.collected = required_path(element, "from");
        source_.collected_after_registry = element.path("after-registry");
    }

    void read_birth_date(Element& element) {
        source_.birth_date = required_path(element, "from");
        for (const ListItem& item : element.words("placeholders")) {
            if (!parse_hl7_time(item.text)) {
                file_.error(Code::attribute_bad, item.at,
                            fmt::format("\"{}\" is no HL7 date; write it as it is sent, such as "
                                        "19000101.",
                                        item.text));
            }
            source_.birth_date_placeholders.push_back(item.text);
        }
    }

    void read_sex(Element& element) {
        source_.sex = required_path(element, "from");
        const auto read_word = [this](Element& word) {
            const std::string text = word.required("text");
            word.required("means");
            const auto sex = word.choice<std::optional<study::Sex>>(
                "means", {{"M", study::Sex::male}, {"F", study::Sex::female}, {"unknown", {}}});
            const auto same = [&](const auto& other) { return other.word == text; };
            if (std::any_of(source_.sex_words.begin(), source_.sex_words.end(), same)) {
                file_.error(Code::key_duplicate, word.value_at("text"),
                            fmt::format("The word \"{}\" stands twice.", text));
            }
            source_.sex_words.push_back({text, sex.value_or(std::nullopt)});
        };
        element.children({{"word", read_word, true}});
    }

    /// A laboratory or a method that messages name and a study may see.
    void read_declared(Element& element) {
        const std::string laboratory = element.text("laboratory");
        const std::string method = element.text("method");
        if (laboratory.empty() == method.empty()) {
            file_.error(Code::attribute_missing, element.at(),
                        "<declared> names one laboratory or one method.");
        } else if (method.empty()) {
            source_.laboratories.push_back(laboratory);
        } else {
            source_.methods.push_back(method);
        }
    }

    void read_values(Element& element) {
        source_.words.comma = element
                                  .choice<units::CommaMeaning>(
                                      "comma", {{"thousands", units::CommaMeaning::thousands},
                                                {"decimal", units::CommaMeaning::decimal}})
                                  .value_or(units::CommaMeaning::undeclared);
        element.children({{"word", [this](Element& e) { read_value_word(e); }},
                          {"flag", [this](Element& e) { read_value_flag(e); }}});
    }

    void read_value_word(Element& element) {
        units::ReportedWords::Word word = read_meaning(element);
        const auto same = [&](const auto& other) { return other.text == word.text; };
        if (std::any_of(source_.words.words.begin(), source_.words.words.end(), same)) {
            file_.error(Code::key_duplicate, element.value_at("text"),
                        fmt::format("The word \"{}\" stands twice.", word.text));
        }
        source_.words.words.push_back(std::move(word));
    }

    void read_value_flag(Element& element) {
        units::ReportedWords::Flag flag{read_meaning(element), element.text("system")};
        const auto same = [&](const auto& other) {
            return other.text == flag.text && other.system == flag.system;
        };
        if (std::any_of(source_.words.flags.begin(), source_.words.flags.end(), same)) {
            file_.error(Code::key_duplicate, element.value_at("text"),
                        fmt::format("The flag \"{}\" stands twice.", flag.text));
        }
        source_.words.flags.push_back(std::move(flag));
    }

    units::ReportedWords::Word read_meaning(Element& element) {
        using Kind = ReportedValue::Kind;
        const std::string text = element.required("text");
        element.required("kind");
        const auto kind = element.choice<Kind>("kind", {{"not_detected", Kind::not_detected},
                                                        {"below_limit", Kind::below_limit},
                                                        {"above_limit", Kind::above_limit},
                                                        {"detected", Kind::detected},
                                                        {"qualitative", Kind::qualitative},
                                                        {"no_result", Kind::no_result}});
        const auto canonical =
            element.choice<std::string>("canonical", {{"NEG", "NEG"},
                                                      {"POS", "POS"},
                                                      {"WEAK_POS", "WEAK_POS"},
                                                      {"INDETERMINATE", "INDETERMINATE"}});
        if (kind && (*kind == Kind::qualitative) == element.text("canonical").empty()) {
            file_.error(Code::attribute_missing, element.at(),
                        "canonical=\"…\" belongs to kind=\"qualitative\" and to no other kind.");
        }
        return {text, kind.value_or(Kind::no_result), canonical.value_or(std::string())};
    }

    void read_habit(Element& element) {
        Habit habit;
        const std::string silence = element.required("silence");
        const auto longest = parse_duration(silence);
        if (!silence.empty() && !longest) {
            file_.error(Code::attribute_bad, element.value_at("silence"),
                        "Write the longest usual silence as PT30M, PT12H, P2D.");
        }
        habit.silence = longest.value_or(habit.silence);
        const std::string hours = element.text("hours");
        const auto with = with_hours(habit, hours);
        if (!hours.empty() && !with) {
            file_.error(Code::attribute_bad, element.value_at("hours"),
                        "Write the hours of one day as 07:00-19:00.");
        }
        source_.habit = with.value_or(habit);
    }

    void read_below(Element& element) {
        element.required("means");
        source_.below_means =
            element
                .choice<BelowMeaning>("means", {{"below_lloq", BelowMeaning::below_lloq},
                                                {"not_detected", BelowMeaning::not_detected}})
                .value_or(BelowMeaning::below_lloq);
    }

    void read_zero(Element& element) {
        element.required("means");
        source_.zero_means =
            element.choice<ZeroMeaning>("means", {{"not_detected", ZeroMeaning::not_detected}})
                .value_or(ZeroMeaning::undeclared);
    }

    void read_ignore(Element& element) {
        IgnoreLine line;
        line.code = element.required("code");
        line.system = element.text("system");
        for (const ListItem& item : element.words("when-type")) {
            line.when_types.push_back(item.text);
        }
        line.when_sub_id = element.possibly_empty("when-sub-id");
        line.because = element.required("because");
        line.place = element.place();
        source_.ignores.push_back(std::move(line));
    }

    void check_approval(const Element& root) {
        if (source_.mode == SourceMode::live &&
            (source_.approved_by.empty() || !source_.approved_on)) {
            file_.error(Code::element_missing, root.value_at("mode"),
                        "A live source needs <approval by=\"…\" on=\"YYYY-MM-DD\"/>.");
        }
    }

    /// Q is a control by the standard: who says otherwise has to say what the controls are.
    void check_roles() {
        const auto is_patient = [](const std::string& role) { return role == "P"; };
        const bool others =
            !std::all_of(source_.patient_roles.begin(), source_.patient_roles.end(), is_patient);
        if (others && source_.controls.empty()) {
            file_.error(Code::element_missing, role_at_,
                        "A <role> besides P needs a <control> that says how controls are known.");
        }
    }

    void check_identifiers(const Element& root) {
        const auto names_specimens = [](const SpecimenLine& line) {
            return !line.authority.empty();
        };
        const bool specimens =
            std::any_of(source_.specimens.begin(), source_.specimens.end(), names_specimens);
        if (source_.patients.empty() && !specimens) {
            file_.error(Code::element_missing, root.at(),
                        "A source needs a <patient>, or a <specimen> with an authority: nobody "
                        "could be found otherwise.");
        }
        if (source_.teaches_specimens && (source_.patients.empty() || !specimens)) {
            file_.error(Code::element_missing, root.value_at("teaches-specimens"),
                        "A source that teaches specimens needs a <patient> and a <specimen> with "
                        "an authority.");
        }
    }

    XmlFile& file_;
    const Catalogue& catalogue_;
    SourceDefinition source_;
    std::vector<std::size_t> recognise_at_;
    std::size_t role_at_ = 0;
};

}  // namespace

LoadedSource load_source(XmlFile& file, std::string_view id, const Catalogue& catalogue) {
    return SourceReader(file, catalogue).read(id);
}

}  // namespace labrelay::mapping
