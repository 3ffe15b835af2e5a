#include "labrelay/views/query_file.hpp"

#include <fmt/format.h>

#include "labrelay/views/file_text.hpp"

namespace labrelay::views {
namespace {

/// Code lists that the flags name; odm 1.3.2 asks for one at each.
constexpr std::string_view kQueryList = "CL.LABRELAY.QUERY";
constexpr std::string_view kStateList = "CL.LABRELAY.QUERY_STATE";
constexpr std::size_t kSeconds = 19;

/// What the last step said; the question itself where it was never answered.
std::string last_answer(const store::SiteQuery& query) {
    for (auto fact = query.facts.rbegin(); fact != query.facts.rend(); ++fact) {
        if (fact->to == "answered") {
            return fact->text;
        }
    }
    return {};
}

}  // namespace

std::string query_csv_head() {
    return csv_line({"id", "state", "study", "site", "subject", "problem", "recipient", "question",
                     "answer", "due", "asked", "asked_by", "last_change"});
}

std::string query_csv_line(const store::SiteQuery& query, const study::Subject* subject) {
    return csv_line(
        {std::to_string(query.id), std::string(review::to_string(query.state)), query.subject_study,
         query.subject_site, subject == nullptr ? std::string() : subject->label(),
         query.problem ? std::to_string(query.problem.value) : std::string(), query.recipient,
         query.text, last_answer(query), query.due ? to_iso(*query.due) : std::string(),
         to_iso(query.created), query.created_by,
         query.facts.empty() ? std::string() : to_iso(query.facts.back().at)});
}

std::string query_odm_opening(const QueryFileHead& head) {
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<ODM xmlns=\"http://www.cdisc.org/ns/odm/v1.3\" ODMVersion=\"1.3.2\" "
        "FileType=\"Snapshot\" FileOID=\"urn:labrelay:{0}:queries:{1}\" "
        "CreationDateTime=\"{2}Z\" Originator=\"labrelay\" SourceSystem=\"labrelay\" "
        "SourceSystemVersion=\"{3}\">\n"
        " <ClinicalData StudyOID=\"{0}\" MetaDataVersionOID=\"{4}\">\n",
        escaped(head.map.study), head.created.microseconds / 1'000'000,
        to_iso(head.created).substr(0, kSeconds), escaped(head.version),
        escaped(head.map.metadata_version));
}

std::string query_odm_subject(const study::Subject& subject, const std::string& location,
                              const std::vector<store::SiteQuery>& queries) {
    if (queries.empty()) {
        return {};
    }
    std::string text =
        fmt::format("  <SubjectData SubjectKey=\"{}\">\n   <SiteRef LocationOID=\"{}\"/>\n",
                    escaped(subject.label()), escaped(location));
    int number = 0;
    for (const store::SiteQuery& query : queries) {
        for (const store::SiteQueryFact& fact : query.facts) {
            text += fmt::format(
                "   <Annotation SeqNum=\"{}\">\n"
                "    <Comment SponsorOrSite=\"{}\">{} {}: {}</Comment>\n"
                "    <Flag><FlagValue CodeListOID=\"{}\">{}</FlagValue>"
                "<FlagType CodeListOID=\"{}\">query-{}</FlagType></Flag>\n"
                "   </Annotation>\n",
                ++number, fact.to == "answered" ? "Site" : "Sponsor",
                to_iso(fact.at).substr(0, kSeconds) + "Z", escaped(fact.actor), escaped(fact.text),
                kStateList, escaped(fact.to), kQueryList, query.id);
        }
    }
    return text + "  </SubjectData>\n";
}

std::string query_odm_closing() {
    return " </ClinicalData>\n</ODM>\n";
}

}  // namespace labrelay::views
