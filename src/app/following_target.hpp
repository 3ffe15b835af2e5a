#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/delivery/target.hpp"
#include "labrelay/pipeline/snapshots.hpp"

namespace labrelay::app {

/// A target that is made anew where another configuration holds: what it writes depends on names of
/// analytes, scales and maps. It looks before each batch, after the batch was taken from the
/// outbox, so that no result is written by an older configuration than it was decided with. Where a
/// repeat can do harm it stays the same from prepare() to deliver(). Used by one worker thread.
class FollowingTarget final : public delivery::Target {
public:
    /// Nothing where the configuration has no place for the target; then the one before goes on.
    using Make = std::function<std::unique_ptr<delivery::Target>(const mapping::Configuration&)>;

    FollowingTarget(std::unique_ptr<delivery::Target> target,
                    std::shared_ptr<const mapping::Configuration> made_for,
                    const pipeline::Snapshots& snapshots, Make make)
        : name_(target->name()),
          target_(std::move(target)),
          made_for_(std::move(made_for)),
          snapshots_(snapshots),
          make_(std::move(make)) {}

    /// As long as this lives: a round that holds it may go on over a change of the target.
    const std::string& name() const override { return name_; }
    bool repeat_is_harmless() const override { return target_->repeat_is_harmless(); }
    delivery::Preparation prepare(const std::vector<delivery::Delivery>& deliveries) override {
        follow();
        return target_->prepare(deliveries);
    }
    delivery::TargetAnswer deliver(const std::vector<delivery::Delivery>& deliveries) override {
        if (target_->repeat_is_harmless()) {
            follow();
        }
        return target_->deliver(deliveries);
    }
    std::vector<delivery::ReadBack> read_back(
        const std::vector<delivery::Delivery>& deliveries) override {
        return target_->read_back(deliveries);
    }

private:
    void follow() {
        std::shared_ptr<const mapping::Configuration> now = snapshots_.configuration();
        if (now == made_for_) {
            return;
        }
        if (std::unique_ptr<delivery::Target> made = make_(*now)) {
            target_ = std::move(made);
        }
        made_for_ = std::move(now);
    }

    const std::string name_;
    std::unique_ptr<delivery::Target> target_;
    std::shared_ptr<const mapping::Configuration> made_for_;
    const pipeline::Snapshots& snapshots_;
    Make make_;
};

}  // namespace labrelay::app
