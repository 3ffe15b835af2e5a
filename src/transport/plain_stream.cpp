#include <sys/socket.h>

#include "byte_stream.hpp"

namespace labrelay::transport {
namespace {

class PlainStream final : public ByteStream {
public:
    explicit PlainStream(int socket) : socket_(socket) {}

    SocketEvent wait(int stop_signal, SteadyTime deadline) override {
        return wait_readable(socket_, stop_signal, deadline);
    }
    ReadOutcome read(std::span<char> buffer) override { return read_available(socket_, buffer); }
    SocketEvent write(std::string_view bytes, SteadyTime deadline) override {
        return write_all(socket_, bytes, deadline);
    }
    void end_writing() override { ::shutdown(socket_, SHUT_WR); }

private:
    int socket_;
};

}  // namespace

std::unique_ptr<ByteStream> plain_stream(int socket) {
    return std::make_unique<PlainStream>(socket);
}

}  // namespace labrelay::transport
