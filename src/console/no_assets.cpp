#include "labrelay/console/assets.hpp"

namespace labrelay::console {

std::span<const Asset> assets() {
    return {};
}

}  // namespace labrelay::console
