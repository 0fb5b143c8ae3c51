#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace connector {

/// A JSON document, or a value in one, that is not what it must be. what() names the key, shows the value
/// that was given, unless it has members of its own, and says what is allowed.
class FieldError : public std::runtime_error {
  public:
    explicit FieldError(const std::string& message) : FieldError(message, message) {}

    /// withoutValue: the message without the value that was given.
    FieldError(const std::string& message, const std::string& withoutValue)
        : std::runtime_error(message), _withoutValue(withoutValue) {}

    /// For a log, where the value has no place: it may be a secret that was put where it doesn't belong.
    const std::string& withoutValue() const { return _withoutValue; }

  private:
    std::string _withoutValue;
};

/// Parses a JSON object strictly: duplicate keys, bytes that are not UTF-8, NUL characters, comments,
/// anything after the object, and nesting deeper than 16 are errors. Throws FieldError.
Poco::JSON::Object::Ptr parseJsonObject(const std::string& text);

/// The same for what somebody has written: the message says in which line and column the mistake is. It takes
/// many times as long to find out, so this is not for what clients send.
Poco::JSON::Object::Ptr parseJsonFile(const std::string& text);

/// The same as parseJsonObject() for any value.
Poco::Dynamic::Var parseJsonValue(const std::string& text);

/// Reads the members of one JSON object, each with the type and the range it must have, and says of each
/// wrong one where it stands, what was given and what is allowed. Every reading function throws FieldError.
///
/// A function without `fallback` demands the key; with it, an absent key gives the fallback. null is never
/// allowed.
class JsonFields {
  public:
    /// What was read: by the path of each key its value, or the fallback that stood in for it, as JSON; of an
    /// array of objects, which may have secrets in it, a digest.
    using Values = std::map<std::string, std::string>;

    /// path: the name of the object inside its document, "" for the document itself; it prefixes the keys in
    /// messages. values: where it is noted what was read, of nested objects, too; null: nowhere.
    explicit JsonFields(Poco::JSON::Object::Ptr object, std::string path = "", Values* values = nullptr);

    bool has(const std::string& key) const;

    /// Whether the key is there with null: for keys where that means something.
    bool holdsNull(const std::string& key);

    /// Whether the key is there with a number: for keys that may be something else, too.
    bool holdsNumber(const std::string& key) const;

    /// Whether the key is there with an object: for keys that may be something else, too.
    bool holdsObject(const std::string& key) const;

    /// A whole number; fractions, exponents and strings of digits are refused.
    std::int64_t integer(const std::string& key, std::int64_t min, std::int64_t max);
    std::int64_t integer(const std::string& key, std::int64_t min, std::int64_t max, std::int64_t fallback);

    bool boolean(const std::string& key, bool fallback);

    std::string text(const std::string& key);
    std::string text(const std::string& key, const std::string& fallback);

    /// One of `allowed`, to the letter.
    std::string oneOf(const std::string& key, const std::vector<std::string>& allowed);
    std::string oneOf(const std::string& key, const std::vector<std::string>& allowed,
                      const std::string& fallback);

    /// An array of strings. allowed: what messages call it.
    std::vector<std::string> textArray(const std::string& key, const std::string& allowed,
                                       const std::vector<std::string>& fallback);

    /// An array of strings; a single string counts as an array of one. allowed: what messages call it.
    std::vector<std::string> texts(const std::string& key, const std::vector<std::string>& fallback,
                                   const std::string& allowed = "an array of strings");

    /// The nested object of that name; an absent one is empty.
    JsonFields object(const std::string& key);

    /// The nested object of that name, which is noted as one value.
    JsonFields noted(const std::string& key);

    /// An array of objects; an absent one is empty.
    std::vector<JsonFields> objects(const std::string& key);

    /// The keys that are there.
    std::vector<std::string> names() const { return _object->getNames(); }

    /// Those that one of the functions above was asked for, with commas.
    std::string knownNames() const;

    /// Refuses every key that none of the functions above was asked for, naming those that exist.
    void refuseUnknown() const;

    /// The key as messages name it: with the path of its object in front.
    std::string pathOf(const std::string& key) const;

    /// Throws the FieldError for a key whose value has the right type and is wrong all the same.
    [[noreturn]] void refuse(const std::string& key, const std::string& allowed) const;

  private:
    std::optional<Poco::Dynamic::Var> find(const std::string& key);
    Poco::Dynamic::Var require(const std::string& key, const std::string& allowed);
    void note(const std::string& key, const Poco::Dynamic::Var& value);

    Poco::JSON::Object::Ptr _object;
    std::string _path;
    std::set<std::string> _known;
    Values* _values;
};

} // namespace connector
