#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "study_builders.hpp"

// The same messages in any order of arrival give the same end state, leaving aside what versions.md
// and placement.md name as exceptions.

namespace labrelay::study::testing {
namespace {

using Random = std::mt19937;

int below(Random& random, int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit));
}

std::string clock(int hour) {
    return (hour < 10 ? "0" : "") + std::to_string(hour) + ":00";
}

/// A registry that learns its facts in two steps.
Subject early() {
    return a_subject().consented("2026-01-10");
}
Subject late() {
    return a_subject()
        .consented("2026-01-10")
        .infused("2026-02-02T10:00")
        .infused_again("2026-03-04T09:30")
        .withdrew("2026-06-01");
}

/// What a laboratory could say of one result: preliminaries, one final and its resends,
/// corrections, withdrawals, or that it could not be done.
std::vector<ObservationBuilder> story(Random& random, const std::string& analyte,
                                      const std::string& specimen, const std::string& drawn) {
    std::vector<ObservationBuilder> said;
    const auto say = [&](Status status, int value, int hour, bool own_time = true) {
        ObservationBuilder observation(analyte, std::to_string(value));
        observation.specimen(specimen).drawn(drawn).status(status);
        observation.said("2026-07-01T" + clock(hour), own_time);
        said.push_back(observation);
    };
    const int preliminaries = below(random, 3);
    for (int at = 0; at < preliminaries; ++at) {
        say(Status::preliminary, 100 + at, 1 + at);
    }
    const bool failed = below(random, 6) == 0;
    if (failed) {
        say(Status::not_done, 0, 1 + below(random, 8));
    }
    if (below(random, 5) != 0) {
        const int resends = failed ? 0 : below(random, 3);
        for (int at = 0; at <= resends; ++at) {
            say(Status::final, 412, 4);
        }
    }
    for (int hour = 5; hour < 9; ++hour) {
        switch (below(random, 6)) {
            case 0:
            case 1:
                say(Status::corrected, 420 + below(random, 2), hour);
                break;
            case 2:
                say(Status::withdrawn, 0, hour);
                break;
            default:
                break;
        }
    }
    return said;
}

struct Draw {
    const char* specimen;
    const char* drawn;
};

/// Before screening, screening or M0, after the dose, two draws for M1, M3 twice, after the
/// withdrawal.
constexpr Draw kDraws[] = {
    {"H", "2026-01-05T08:00"},  {"S", "2026-01-12T08:00"},  {"B", "2026-01-31T08:00"},
    {"D", "2026-02-02T12:00"},  {"M1", "2026-03-01T08:00"}, {"M1B", "2026-03-04T08:00"},
    {"M3", "2026-05-01T08:00"}, {"M3B", "2026-05-07"},      {"W", "2026-06-02T08:00"},
};

std::vector<Proposal> messages(Random& random) {
    std::vector<Proposal> all;
    for (const Draw& draw : kDraws) {
        if (below(random, 3) == 0) {
            continue;
        }
        for (const char* analyte : {"CD4A", "CD8A", "HIVVL", "HIVVLLOG"}) {
            if (below(random, 3) == 0) {
                continue;
            }
            for (const ObservationBuilder& said :
                 story(random, analyte, draw.specimen, draw.drawn)) {
                all.push_back(a_message(static_cast<std::int64_t>(all.size()) + 1).with(said));
            }
        }
    }
    return all;
}

/// What the study database would show, as text: arrival columns left aside.
std::string shown(const StoredVersion& version) {
    return version.status_code + " " + std::string(units::to_string(version.value.state)) + " " +
           version.value.value_text + " " + version.collected->text;
}

std::multiset<std::string> shown(const std::vector<ResultRecord>& results) {
    std::multiset<std::string> all;
    for (const ResultRecord& record : results) {
        if (!record.placement.forwarded && !record.delivered) {
            continue;
        }
        std::string line =
            record.key.specimen.order + "/" + record.key.code + "/" + record.key.derived + ": ";
        line += shown(record.current_version()) + " | " + record.placement.visit + " " +
                std::string(to_string(record.placement.kind)) + " " +
                std::string(to_string(record.placement.role)) + " " +
                std::to_string(record.placement.study_day.value_or(0)) + " |";
        for (const StoredVersion& version : record.versions) {
            line += " " + shown(version) + ";";
        }
        all.insert(std::move(line));
    }
    return all;
}

/// Everything as the engine does it: what was held is processed again when the registry learns.
std::multiset<std::string> end_state(const std::vector<Proposal>& messages,
                                     std::size_t fact_after) {
    Trial trial(early());
    std::vector<std::pair<const Proposal*, std::vector<PriorObservation>>> open;
    const auto learn = [&] {
        trial.place(late());
        std::ranges::sort(open, {}, [](const auto& entry) { return entry.first->message_id; });
        for (const auto& [message, prior] : open) {
            trial.take(*message, prior);
        }
    };
    for (std::size_t at = 0; at < messages.size(); ++at) {
        if (at == fact_after) {
            learn();
        }
        const Outcome outcome = trial.take(messages[at]);
        if (at < fact_after && !outcome.awaiting.empty()) {
            open.push_back({&messages[at], {{1, outcome.observations.at(0).disposition}}});
        }
    }
    if (fact_after >= messages.size()) {
        learn();
    }
    for (const ResultRecord& record : trial.results()) {
        std::set<std::vector<ObservationId>> inputs;
        for (const StoredVersion& version : record.versions) {
            const bool fresh = version.inputs.empty() || inputs.insert(version.inputs).second;
            EXPECT_TRUE(fresh) << "two versions of a derived result have the same inputs";
        }
    }
    return shown(trial.results());
}

TEST(ArrivalOrder, DoesNotCount) {
    constexpr int kTrials = 150;
    constexpr int kShuffles = 5;
    std::size_t results = 0;
    for (unsigned seed = 1; seed <= kTrials; ++seed) {
        Random random(seed);
        std::vector<Proposal> all = messages(random);
        const auto expected = end_state(all, 0);
        results += expected.size();
        for (int shuffle = 0; shuffle < kShuffles; ++shuffle) {
            std::ranges::shuffle(all, random);
            const auto fact_after =
                static_cast<std::size_t>(below(random, static_cast<int>(all.size()) + 1));
            ASSERT_EQ(end_state(all, fact_after), expected)
                << "seed " << seed << " shuffle " << shuffle;
        }
    }
    EXPECT_GT(results, 1000U);
}

TEST(ArrivalOrder, ManyInOneMessageAreTheSameAsOneByOne) {
    const auto said = [](const char* analyte, const char* value) {
        return an_observation(analyte, value).drawn("2026-01-12T08:00").said("2026-01-12T10:00");
    };
    Trial together(early());
    together.take(
        a_message(1).with(said("CD4A", "412")).with(said("CD8A", "815")).with(said("CD4P", "21")));
    Trial apart(early());
    apart.take(a_message(3).with(said("CD4P", "21")));
    apart.take(a_message(2).with(said("CD8A", "815")));
    apart.take(a_message(1).with(said("CD4A", "412")));
    EXPECT_EQ(shown(together.results()), shown(apart.results()));
}

}  // namespace
}  // namespace labrelay::study::testing
