#include "gb18030.hpp"

#include <iconv.h>

#include <array>
#include <cstddef>
#include <stdexcept>

namespace labrelay::simulate {

std::string to_gb18030(std::string_view utf8) {
    iconv_t converter = iconv_open("GB18030", "UTF-8");
    // iconv_open() answers with the pointer value -1, which only a C cast or this comparison can
    // name.
    if (converter == iconv_t(-1)) {
        throw std::runtime_error("this system's iconv has no GB18030");
    }
    std::string input(utf8);
    std::string output(input.size() * 4 + 4, '\0');
    char* from = input.data();
    std::size_t from_left = input.size();
    char* to = output.data();
    std::size_t to_left = output.size();
    const std::size_t outcome = iconv(converter, &from, &from_left, &to, &to_left);
    iconv_close(converter);
    if (outcome == static_cast<std::size_t>(-1)) {
        throw std::runtime_error("text that cannot be written in GB18030");
    }
    output.resize(output.size() - to_left);
    return output;
}

}  // namespace labrelay::simulate
