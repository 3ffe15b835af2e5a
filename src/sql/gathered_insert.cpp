#include <fmt/format.h>

#include <algorithm>

#include "postgres_wire.hpp"

namespace labrelay::sql {
namespace {

// Types of PostgreSQL's catalogue that never change.
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;

void put(std::string& to, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        to += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
}

void put_element(std::string& to, std::string_view bytes) {
    put(to, bytes.size(), 4);
    to += bytes;
}

bool fits(Parameter::Kind kind, Oid type) {
    switch (kind) {
        case Parameter::Kind::null:
            return true;
        case Parameter::Kind::integer:
            return type == kInt8;
        case Parameter::Kind::text:
            return type == kText;
        case Parameter::Kind::blob:
            return type == kBytea;
    }
    return false;
}

}  // namespace

GatheredInsert::GatheredInsert(InsertForm form, std::vector<Oid> types, std::string statement)
    : form_(std::move(form)),
      types_(std::move(types)),
      statement_(std::move(statement)),
      elements_(types_.size()),
      nulls_(types_.size()) {}

std::string GatheredInsert::key_of(const std::vector<Parameter>& row) const {
    std::string key;
    for (const std::size_t part : form_.key) {
        const Parameter& parameter = row[part];
        key += parameter.kind == Parameter::Kind::integer
                   ? std::to_string(parameter.integer)
                   : fmt::format("{}:{}", parameter.bytes.size(), parameter.bytes);
        key += ',';
    }
    return key;
}

bool GatheredInsert::takes(const std::vector<Parameter>& row) const {
    return form_.key.empty() || !keys_.contains(key_of(row));
}

void GatheredInsert::add(const std::vector<Parameter>& row) {
    for (std::size_t i = 0; i < types_.size(); ++i) {
        const Parameter& parameter = row[i];
        if (!fits(parameter.kind, types_[i]))
            throw Fault(FaultKind::defect,
                        fmt::format("parameter {} of an insert into {} has another type than its "
                                    "column",
                                    i + 1, form_.table));
        const std::size_t before = elements_[i].size();
        if (parameter.kind == Parameter::Kind::null) {
            put(elements_[i], 0xFFFFFFFFU, 4);
            nulls_[i] = true;
        } else if (parameter.kind == Parameter::Kind::integer) {
            put(elements_[i], 8, 4);
            put(elements_[i], static_cast<std::uint64_t>(parameter.integer), 8);
        } else {
            put_element(elements_[i], parameter.bytes);
        }
        bytes_ += elements_[i].size() - before;
    }
    if (!form_.key.empty()) keys_.insert(key_of(row));
    ++rows_;
}

void GatheredInsert::clear() {
    for (std::string& elements : elements_) elements.clear();
    std::fill(nulls_.begin(), nulls_.end(), false);
    keys_.clear();
    rows_ = 0;
    bytes_ = 0;
}

std::vector<std::string> GatheredInsert::arrays() const {
    std::vector<std::string> arrays;
    arrays.reserve(types_.size());
    for (std::size_t i = 0; i < types_.size(); ++i) {
        std::string array;
        array.reserve(20 + elements_[i].size());
        put(array, 1, 4);  // one dimension
        put(array, nulls_[i] ? 1 : 0, 4);
        put(array, types_[i], 4);
        put(array, rows_, 4);
        put(array, 1, 4);  // counted from 1
        array += elements_[i];
        arrays.push_back(std::move(array));
    }
    return arrays;
}

}  // namespace labrelay::sql
