#include "base/JsonFields.h"

#include "base/Digest.h"
#include "base/Json.h"

#include <Poco/Ascii.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/JSONException.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <Poco/JSON/Stringifier.h>
#include <Poco/String.h>
#include <Poco/UTF8Encoding.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace connector {

namespace {

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxShown = 80;

/// No message grows with what a client has sent. Cuts between characters, for the result is UTF-8 as the text
/// was.
std::string shortened(const std::string& text) {
    if (text.size() <= kMaxShown) return text;
    std::size_t end = kMaxShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return text.substr(0, end) + "...";
}

/// POCO's handler lets the last of two equal keys win; here the second is an error.
class UniqueKeys : public Poco::JSON::ParseHandler {
  public:
    void startObject() override {
        _keys.emplace_back();
        ParseHandler::startObject();
    }
    void endObject() override {
        _keys.pop_back();
        ParseHandler::endObject();
    }
    void key(const std::string& name) override {
        if (!_keys.back().insert(name).second) throw FieldError(shortened(name) + ": the key is given twice");
        ParseHandler::key(name);
    }

  private:
    std::vector<std::set<std::string>> _keys;
};

void refuseBadBytes(const std::string& text) {
    if (text.find('\0') != std::string::npos) throw FieldError("a NUL byte has no place in JSON");
    const Poco::UTF8Encoding utf8;
    for (std::size_t at = 0; at < text.size();) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.data()) + at;
        const auto left = text.size() - at;
        std::size_t length = 1;
        while (length < 4 && length < left && (bytes[length] & 0xC0U) == 0x80U && bytes[0] >= 0x80U)
            ++length;
        if (!Poco::UTF8Encoding::isLegal(bytes, static_cast<int>(length)))
            throw FieldError("byte " + std::to_string(at) + " is not UTF-8");
        at += length;
    }
}

void refuseOtherThanObject(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || text[first] != '{') throw FieldError("not a JSON object");
}

bool isBeyond64Bits(const std::string& wholeNumber) {
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    const auto* const begin = wholeNumber.data();
    const auto* const end = begin + wholeNumber.size();
    const auto read =
        *begin == '-' ? std::from_chars(begin, end, negative) : std::from_chars(begin, end, positive);
    return read.ec == std::errc::result_out_of_range && read.ptr == end;
}

/// POCO wraps a whole number of more than 64 bits around, so that 2^64 + 1 would pass for 1. As a fraction it
/// keeps its size, and is refused where a whole number is wanted.
std::string hugeNumbersAsFractions(const std::string& text) {
    std::string result;
    bool inString = false;
    for (std::size_t at = 0, end = 0; at < text.size(); at = end) {
        end = at + 1;
        if (text[at] == '"') inString = !inString;
        if (inString && text[at] == '\\') end = std::min(at + 2, text.size());
        if (!inString && (text[at] == '-' || Poco::Ascii::isDigit(text[at])))
            end = std::min(text.find_first_not_of("0123456789+-.eE", at), text.size());
        const auto token = text.substr(at, end - at);
        result += token;
        if (!inString && isBeyond64Bits(token)) result += ".0";
    }
    return result;
}

bool isObject(const Poco::Dynamic::Var& value) {
    return value.type() == typeid(Poco::JSON::Object::Ptr);
}

bool isArray(const Poco::Dynamic::Var& value) {
    return value.type() == typeid(Poco::JSON::Array::Ptr);
}

std::string jsonOf(const Poco::Dynamic::Var& value) {
    std::ostringstream out;
    Poco::JSON::Stringifier::stringify(value, out);
    return out.str();
}

/// What has members of its own is not shown: one of them may be a secret.
std::string shown(const Poco::Dynamic::Var& value) {
    if (isObject(value)) return "an object";
    if (isArray(value)) {
        const auto& array = *value.extract<Poco::JSON::Array::Ptr>();
        if (std::any_of(array.begin(), array.end(),
                        [](const auto& one) { return isObject(one) || isArray(one); }))
            return "an array of objects or arrays";
    }
    const auto text = jsonOf(value);
    // POCO writes 60.0 as 60, and "60 is not a whole number" would puzzle.
    const bool looksWhole = text.find_first_of(".e") == std::string::npos;
    return shortened(text) + (value.type() == typeid(double) && looksWhole ? ".0" : "");
}

/// The parser's messages show the byte it stumbled over, which may be half a character.
std::string printable(std::string text) {
    for (auto& character : text)
        if (!Poco::Ascii::isPrintable(character)) character = '?';
    return shortened(text);
}

Poco::JSON::Object::Ptr parsed(const std::string& text) {
    Poco::JSON::Handler::Ptr handler = new UniqueKeys;
    Poco::JSON::Parser parser(handler);
    parser.setDepth(kMaxDepth);
    parser.setAllowComments(false);
    parser.setAllowNullByte(false);
    try {
        return parser.parse(hugeNumbersAsFractions(text)).extract<Poco::JSON::Object::Ptr>();
    } catch (const Poco::Exception& error) {
        throw FieldError("not valid JSON: " + printable(Poco::trim(error.message())));
    }
}

/// Whether this is what is wrong with the text, whatever follows it.
bool isWrong(const std::string& text, const std::string& complaint) {
    constexpr std::array kWhatMayFollow{"", ",", ":", "\""};
    return std::all_of(kWhatMayFollow.begin(), kWhatMayFollow.end(), [&](const char* next) {
        try {
            parsed(text + next);
            return false;
        } catch (const FieldError& error) {
            return error.what() == complaint;
        }
    });
}

/// Where a text becomes wrong, as POCO doesn't tell: at the end of the shortest piece with the same
/// complaint.
std::string placeOf(const std::string& complaint, const std::string& text) {
    if (!isWrong(text, complaint)) return "at the end";
    std::size_t right = 0;
    for (auto wrong = text.size(); wrong - right > 1;) {
        const auto middle = right + (wrong - right) / 2;
        (isWrong(text.substr(0, middle), complaint) ? wrong : right) = middle;
    }
    const auto before = std::string_view(text).substr(0, right);
    const auto line = before.substr(before.rfind('\n') + 1); // all when there is no line before it
    const auto begins = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
    return "line " + std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + ", column " +
           std::to_string(std::count_if(line.begin(), line.end(), begins) + 1);
}

std::string wholeNumber(std::int64_t min, std::int64_t max) {
    return "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
}

std::string choice(const std::vector<std::string>& allowed) {
    std::string text;
    for (const auto& one : allowed)
        text += (text.empty() ? "\"" : " or \"") + one + "\"";
    return text;
}

} // namespace

Poco::JSON::Object::Ptr parseJsonObject(const std::string& text) {
    refuseBadBytes(text);
    refuseOtherThanObject(text);
    return parsed(text);
}

Poco::JSON::Object::Ptr parseJsonFile(const std::string& text) {
    refuseBadBytes(text);
    refuseOtherThanObject(text);
    try {
        return parsed(text);
    } catch (const FieldError& error) {
        throw FieldError(placeOf(error.what(), text) + ": " + error.what());
    }
}

Poco::Dynamic::Var parseJsonValue(const std::string& text) {
    return parseJsonObject("{\"value\":" + text + "}")->get("value");
}

JsonFields::JsonFields(Poco::JSON::Object::Ptr object, std::string path, Values* values)
    : _object(std::move(object)), _path(std::move(path)), _values(values) {}

bool JsonFields::has(const std::string& key) const {
    return _object->has(key);
}

bool JsonFields::holdsNull(const std::string& key) {
    _known.insert(key);
    return _object->has(key) && _object->isNull(key);
}

bool JsonFields::holdsNumber(const std::string& key) const {
    return has(key) && _object->get(key).isNumeric() && !_object->get(key).isBoolean();
}

bool JsonFields::holdsObject(const std::string& key) const {
    return has(key) && isObject(_object->get(key));
}

std::int64_t JsonFields::integer(const std::string& key, std::int64_t min, std::int64_t max) {
    const auto value = require(key, wholeNumber(min, max));
    if (!value.isInteger() || value.isBoolean()) refuse(key, wholeNumber(min, max));
    try {
        const auto number = value.convert<Poco::Int64>();
        if (number >= min && number <= max) {
            note(key, number);
            return number;
        }
    } catch (const Poco::RangeException&) { // an unsigned number above the signed range
    }
    refuse(key, wholeNumber(min, max));
}

std::int64_t JsonFields::integer(const std::string& key, std::int64_t min, std::int64_t max,
                                 std::int64_t fallback) {
    if (find(key)) return integer(key, min, max);
    note(key, fallback);
    return fallback;
}

bool JsonFields::boolean(const std::string& key, bool fallback) {
    const auto value = find(key);
    if (value && !value->isBoolean()) refuse(key, "true or false");
    const bool read = value ? value->extract<bool>() : fallback;
    note(key, read);
    return read;
}

std::string JsonFields::text(const std::string& key) {
    const auto value = require(key, "a string");
    if (!value.isString()) refuse(key, "a string");
    note(key, value);
    return value.extract<std::string>();
}

std::string JsonFields::text(const std::string& key, const std::string& fallback) {
    if (find(key)) return text(key);
    note(key, fallback);
    return fallback;
}

std::string JsonFields::oneOf(const std::string& key, const std::vector<std::string>& allowed) {
    const auto value = require(key, choice(allowed));
    for (const auto& one : allowed)
        if (value.isString() && value.extract<std::string>() == one) {
            note(key, one);
            return one;
        }
    refuse(key, choice(allowed));
}

std::string JsonFields::oneOf(const std::string& key, const std::vector<std::string>& allowed,
                              const std::string& fallback) {
    if (find(key)) return oneOf(key, allowed);
    note(key, fallback);
    return fallback;
}

std::vector<std::string> JsonFields::textArray(const std::string& key, const std::string& allowed,
                                               const std::vector<std::string>& fallback) {
    const auto value = find(key);
    if (value && !isArray(*value)) refuse(key, allowed);
    auto result = value ? std::vector<std::string>() : fallback;
    if (value)
        for (const auto& element : *value->extract<Poco::JSON::Array::Ptr>()) {
            if (!element.isString()) refuse(key, allowed);
            result.push_back(element.extract<std::string>());
        }
    note(key, jsonArrayOf(result));
    return result;
}

std::vector<std::string> JsonFields::texts(const std::string& key, const std::vector<std::string>& fallback,
                                           const std::string& allowed) {
    const auto value = find(key);
    if (!value || !value->isString()) return textArray(key, allowed, fallback);
    const std::vector<std::string> one{value->extract<std::string>()};
    note(key, jsonArrayOf(one));
    return one;
}

JsonFields JsonFields::object(const std::string& key) {
    const auto value = find(key);
    if (!value) return JsonFields(new Poco::JSON::Object, pathOf(key), _values);
    if (!isObject(*value)) refuse(key, "an object");
    return JsonFields(value->extract<Poco::JSON::Object::Ptr>(), pathOf(key), _values);
}

JsonFields JsonFields::noted(const std::string& key) {
    note(key, require(key, "an object"));
    auto fields = object(key);
    fields._values = nullptr;
    return fields;
}

std::vector<JsonFields> JsonFields::objects(const std::string& key) {
    const auto value = find(key);
    note(key, digestOf(value ? jsonOf(*value) : ""));
    if (!value) return {};
    if (!isArray(*value)) refuse(key, "an array of objects");
    std::vector<JsonFields> result;
    for (const auto& element : *value->extract<Poco::JSON::Array::Ptr>()) {
        if (!isObject(element)) refuse(key, "an array of objects");
        result.emplace_back(element.extract<Poco::JSON::Object::Ptr>(),
                            pathOf(key) + "[" + std::to_string(result.size()) + "]");
    }
    return result;
}

void JsonFields::refuseUnknown() const {
    for (const auto& name : _object->getNames()) {
        if (_known.contains(name)) continue;
        throw FieldError(pathOf(name) + ": unknown key; the keys here are " + knownNames());
    }
}

std::string JsonFields::knownNames() const {
    return Poco::cat(std::string(", "), _known.begin(), _known.end());
}

std::string JsonFields::pathOf(const std::string& key) const {
    return _path.empty() ? key : _path + "." + key;
}

void JsonFields::refuse(const std::string& key, const std::string& allowed) const {
    const auto demand = "it must be " + allowed;
    throw FieldError(pathOf(key) + ": " + shown(_object->get(key)) + " is not allowed; " + demand,
                     pathOf(key) + ": " + demand);
}

std::optional<Poco::Dynamic::Var> JsonFields::find(const std::string& key) {
    _known.insert(key);
    if (!_object->has(key)) return std::nullopt;
    const auto value = _object->get(key);
    if (value.isEmpty()) refuse(key, "left out, or a value other than null");
    return std::optional<Poco::Dynamic::Var>(std::in_place, value);
}

void JsonFields::note(const std::string& key, const Poco::Dynamic::Var& value) {
    if (_values) (*_values)[pathOf(key)] = jsonOf(value);
}

Poco::Dynamic::Var JsonFields::require(const std::string& key, const std::string& allowed) {
    _known.insert(key);
    if (!_object->has(key)) throw FieldError(pathOf(key) + ": missing; it must be " + allowed);
    const auto value = _object->get(key);
    if (value.isEmpty()) refuse(key, allowed);
    return value;
}

} // namespace connector
