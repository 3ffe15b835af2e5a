// One mail a notice. The dialogue with the server is spoken here: POCO's session can neither limit
// how long it connects nor check the name of a server that it was not given by name.
#include <Poco/Base64Encoder.h>
#include <Poco/Environment.h>
#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/DialogSocket.h>
#include <Poco/Net/MailMessage.h>
#include <Poco/Net/MailRecipient.h>
#include <Poco/Net/MailStream.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Timestamp.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "channels.hpp"
#include "labrelay/core/loopback.hpp"
#include "labrelay/targets/secret_file.hpp"

namespace labrelay::alarm {
namespace {

constexpr std::uint16_t kSubmission = 587;
constexpr std::uint16_t kSubmissions = 465;

std::string base64(const std::string& text) {
    std::ostringstream encoded;
    Poco::Base64Encoder encoder(encoded);
    encoder.rdbuf()->setLineLength(0);
    encoder << text;
    encoder.close();
    return encoded.str();
}

/// A server's refusal, with its own words.
class Refused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The dialogue of RFC 5321, with STARTTLS (RFC 3207) and AUTH (RFC 4954).
class SmtpDialogue {
public:
    SmtpDialogue(const Poco::Net::StreamSocket& socket, std::string host)
        : host_(std::move(host)), plain_(socket), socket_(socket) {
        expect(2, "greeting");
        hello();
    }

    bool offers(std::string_view word) const { return offered_.find(word) != std::string::npos; }

    void start_tls(const Poco::Net::Context::Ptr& context) {
        say("STARTTLS", 2);
        socket_ =
            Poco::Net::DialogSocket(Poco::Net::SecureStreamSocket::attach(plain_, host_, context));
        // What was said before the encryption may be anybody's.
        hello();
    }

    void log_in(const std::string& user, const std::string& password) {
        if (offers(" PLAIN")) {
            secret("AUTH PLAIN " + base64(std::string(1, '\0') + user + '\0' + password), 2);
            return;
        }
        secret("AUTH LOGIN", 3);
        secret(base64(user), 3);
        secret(base64(password), 2);
    }

    void say(const std::string& line, int answer) {
        socket_.sendMessage(line);
        expect(answer, line.substr(0, line.find_first_of(" :")));
    }

    void send_data(const std::string& data) {
        say("DATA", 3);
        socket_.sendString(data);
        expect(2, "DATA");
        socket_.sendMessage("QUIT");
    }

private:
    void hello() {
        socket_.sendMessage("EHLO " + Poco::Environment::nodeName());
        offered_ = expect(2, "EHLO");
        std::ranges::transform(offered_, offered_.begin(),
                               [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }

    /// The server's words are not repeated: it may echo what it was told.
    void secret(const std::string& line, int answer) {
        socket_.sendMessage(line);
        std::string words;
        if (const int status = socket_.receiveStatusMessage(words); status / 100 != answer) {
            throw Refused(fmt::format("the mail server refuses the login ({})", status));
        }
    }

    std::string expect(int answer, std::string_view to) {
        std::string words;
        const int status = socket_.receiveStatusMessage(words);
        if (status / 100 != answer) {
            throw Refused(fmt::format("the mail server's answer to {}: {}", to, words));
        }
        return words;
    }

    std::string host_;
    Poco::Net::StreamSocket plain_;
    Poco::Net::DialogSocket socket_;
    std::string offered_;
};

class MailChannel final : public Channel {
public:
    explicit MailChannel(ChannelSettings settings) : settings_(std::move(settings)) {}

    Result<void> send(const Notice& notice) override {
        std::optional<std::string> password;
        if (!settings_.user.empty()) {
            Result<std::string> read = targets::read_secret(settings_.secret_file);
            if (!read) {
                return not_sent(describe(read.error()));
            }
            password = std::move(*read);
        }
        try {
            converse(notice, password);
            return {};
        } catch (const Refused& refused) {
            return not_sent(refused.what());
        } catch (const Poco::TimeoutException&) {
            return not_sent("the mail server did not answer in time");
        } catch (const Poco::Exception& fault) {
            return not_sent(fault.displayText());
        }
    }

private:
    void converse(const Notice& notice, const std::optional<std::string>& password) const {
        const Poco::URI url(settings_.url);
        const bool secure = url.getScheme() == "smtps";
        const std::uint16_t port = url.getPort() != 0 ? url.getPort()
                                   : secure           ? kSubmissions
                                                      : kSubmission;
        const Poco::Net::SocketAddress address(url.getHost(), port);
        Poco::Net::StreamSocket socket;
        if (secure) {
            Poco::Net::SecureStreamSocket encrypted(context());
            encrypted.setPeerHostName(url.getHost());
            socket = encrypted;
        }
        socket.connect(address, Poco::Timespan(10, 0));
        socket.setSendTimeout(Poco::Timespan(20, 0));
        socket.setReceiveTimeout(Poco::Timespan(20, 0));
        SmtpDialogue server(socket, url.getHost());
        // Without TLS only to this host's own server, whose certificate is rarely worth anything.
        const bool own = is_loopback(url.getHost()) && settings_.ca.empty();
        if (!secure && !own) {
            server.start_tls(context());
        }
        if (password) {
            server.log_in(settings_.user, *password);
        }
        server.say("MAIL FROM:<" + settings_.from + ">", 2);
        for (const std::string& to : settings_.to) {
            server.say("RCPT TO:<" + to + ">", 2);
        }
        server.send_data(mail(notice));
    }

    Poco::Net::Context::Ptr context() const {
        Poco::Net::Context::Ptr context(
            new Poco::Net::Context(Poco::Net::Context::CLIENT_USE, "", "", settings_.ca.string(),
                                   Poco::Net::Context::VERIFY_RELAXED, 9, settings_.ca.empty()));
        context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
        context->enableExtendedCertificateVerification(true);
        return context;
    }

    std::string mail(const Notice& notice) const {
        Poco::Net::MailMessage message;
        message.setSender(settings_.from);
        for (const std::string& to : settings_.to) {
            message.addRecipient(
                Poco::Net::MailRecipient(Poco::Net::MailRecipient::PRIMARY_RECIPIENT, to));
        }
        message.setSubject(Poco::Net::MailMessage::encodeWord(headline(notice), "UTF-8"));
        message.setDate(Poco::Timestamp(notice.at.microseconds));
        message.setContentType("text/plain; charset=UTF-8");
        message.set("Auto-Submitted", "auto-generated");
        // The same at each attempt: a mail whose answer was lost is shown once.
        message.set("Message-ID", fmt::format("<labrelay.{}.{}.{}@{}>", notice.incident,
                                              notice.opened.microseconds, notice.over ? 1 : 0,
                                              Poco::Environment::nodeName()));
        message.setContent(body(notice), Poco::Net::MailMessage::ENCODING_QUOTED_PRINTABLE);
        std::ostringstream data;
        Poco::Net::MailOutputStream stream(data);
        message.write(stream);
        stream.close();
        return data.str();
    }

    ChannelSettings settings_;
};

}  // namespace

std::unique_ptr<Channel> mail_channel(const ChannelSettings& settings) {
    return std::make_unique<MailChannel>(settings);
}

}  // namespace labrelay::alarm
