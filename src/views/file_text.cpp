#include "labrelay/views/file_text.hpp"

namespace labrelay::views {
namespace {

/// Excel and others calculate what begins so.
bool calculates(char first) {
    return first == '=' || first == '+' || first == '-' || first == '@' || first == '\t' ||
           first == '\r';
}

}  // namespace

std::string csv_cell(std::string_view text) {
    std::string cell = "\"";
    if (!text.empty() && calculates(text.front())) {
        cell += '\'';
    }
    for (const char c : text) {
        cell += c;
        if (c == '"') {
            cell += '"';
        }
    }
    return cell + '"';
}

std::string csv_line(std::span<const std::string> cells) {
    std::string line;
    bool first = true;
    for (const std::string& cell : cells) {
        line += first ? "" : ",";
        line += csv_cell(cell);
        first = false;
    }
    return line + "\r\n";
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '&':
                safe += "&amp;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' ? ' ' : c;
        }
    }
    return safe;
}

}  // namespace labrelay::views
