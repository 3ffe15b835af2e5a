#include "../../../src/app/following_target.hpp"

#include <gtest/gtest.h>

#include "shipped_mapping.hpp"

namespace labrelay::app {
namespace {

class NamedTarget final : public delivery::Target {
public:
    const std::string& name() const override { return name_; }
    delivery::TargetAnswer deliver(const std::vector<delivery::Delivery>&) override { return {}; }

private:
    std::string name_ = "study";
};

// A round holds the name until its end, also where the target is made anew in the midst of it.
TEST(FollowingTarget, ItsNameOutlivesAChangeOfTheTarget) {
    const auto before = std::make_shared<mapping::Configuration>(test::shipped_configuration());
    pipeline::Snapshots snapshots(before, {});
    int made = 0;
    FollowingTarget target(std::make_unique<NamedTarget>(), before, snapshots,
                           [&](const mapping::Configuration&) {
                               ++made;
                               return std::make_unique<NamedTarget>();
                           });
    const std::string& name = target.name();
    snapshots.replace(std::make_shared<mapping::Configuration>(test::shipped_configuration()));
    (void)target.deliver({});
    EXPECT_EQ(made, 1);
    EXPECT_EQ(&target.name(), &name);
    EXPECT_EQ(name, "study");
}

}  // namespace
}  // namespace labrelay::app
