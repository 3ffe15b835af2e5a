#include "labrelay/app/problem_text.hpp"

#include <charconv>
#include <string_view>

namespace labrelay::app {

std::string object_text(const store::ProblemRow& problem, const study::Registry& registry) {
    constexpr std::string_view kSubject = "subject ";
    const std::string_view object = problem.object;
    if (!object.starts_with(kSubject)) {
        return problem.object;
    }
    SubjectId id;
    const char* const end = object.data() + object.size();
    const auto [rest, error] = std::from_chars(object.data() + kSubject.size(), end, id.value);
    const study::Subject* subject = error == std::errc() ? registry.subject(id) : nullptr;
    return subject == nullptr ? problem.object : subject->label() + std::string(rest, end);
}

}  // namespace labrelay::app
