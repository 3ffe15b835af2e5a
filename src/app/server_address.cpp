#include "labrelay/app/server_address.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "labrelay/core/file.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

fs::path address_file(const fs::path& data) {
    return data / "server.json";
}

Result<void> write_private_file(const fs::path& file, std::string_view text) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return fail(Code::store_io, Place{file.string()});
    }
    const auto written = ::write(descriptor, text.data(), text.size());
    ::fchmod(descriptor, 0600);
    ::close(descriptor);
    if (written != static_cast<ssize_t>(text.size())) {
        return fail(Code::store_io, Place{file.string()});
    }
    return {};
}

}  // namespace

Result<void> write_server_address(const fs::path& data, const ServerAddress& address) {
    const nlohmann::ordered_json json = {{"host", address.host},
                                         {"http_port", address.http_port},
                                         {"token", address.token},
                                         {"certificate", address.certificate}};
    return write_private_file(address_file(data), json.dump() + "\n");
}

Result<ServerAddress> read_server_address(const fs::path& data) {
    const fs::path file = address_file(data);
    const Result<std::string> text = read_file(file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
    if (!json.is_object()) {
        return fail(Code::file_unreadable, Place{file.string()});
    }
    return ServerAddress{json.value("host", ""), json.value("http_port", std::uint16_t{0}),
                         json.value("token", ""), json.value("certificate", "")};
}

void remove_server_address(const fs::path& data) {
    std::error_code ignored;
    fs::remove(address_file(data), ignored);
}

std::optional<Result<std::string>> ask_running_server(const fs::path& data,
                                                      const std::string& resource,
                                                      const std::string& body) {
    const Result<ServerAddress> running = read_server_address(data);
    if (!running) {
        return std::nullopt;
    }
    Result<std::string> answer = api::post_to_server(*running, resource, body);
    // The address of a server that died is still there; its lock is not.
    if (!answer && answer.error().code == Code::connection_failed) {
        return std::nullopt;
    }
    return answer;
}

}  // namespace labrelay::app
