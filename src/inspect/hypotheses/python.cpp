// python:FILE.py: functions of a Python file, called by an interpreter within this process. Python.h stays in this
// file; python_off.cpp stands for it where sonde is built without Python.
#include <pybind11/embed.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <sys/stat.h>

#include <cmath>
#include <limits>
#include <mutex>

#include "base/check.hpp"
#include "inspect/hypotheses/python_helpers.hpp"
#include "inspect/hypotheses/text_hypothesis.hpp"
#include "inspect/hypotheses/watchdog.hpp"
#include "io/datasets/file_bytes.hpp"
#include "io/datasets/text_vocabulary.hpp"

namespace py = pybind11;

namespace sonde::inspect {
namespace {

/// The one interpreter. Made when first used and never ended: modules may own threads that an end would wait for.
class Interpreter {
 public:
  static Interpreter& get() {
    static auto* const interpreter = new Interpreter;
    VALIDATE(interpreter->failure_.empty(), "python: the interpreter does not start ("
                                                << interpreter->failure_
                                                << "). Install Python 3 and its package numpy.");
    return *interpreter;
  }

  /// Runs `work` with the GIL, one caller at a time, watched. `what` says what runs: "hypothesis a.f".
  template <class Work>
  void run(std::string const& what, double seconds, Work const& work) {
    std::scoped_lock const one(calls_);  // before the GIL: it is given up within Python's own calls
    py::gil_scoped_acquire const gil;
    watchdog_.start(what, seconds);
    struct Stop {
      Watchdog& dog;
      ~Stop() { dog.stop(); }
    } const stop{watchdog_};
    work(*helpers_);
  }

  /// Within run(): the next call has all its time before it.
  void restart_watch() { watchdog_.restart(); }

 private:
  Interpreter() {
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = 0;
    config.parse_argv = 0;
    // Otherwise the first python3 of PATH would say where the modules are, whatever its version.
    PyConfig_SetBytesString(&config, &config.program_name, SONDE_PYTHON_EXECUTABLE);
    PyStatus const status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status) != 0) {
      failure_ = status.err_msg == nullptr ? "no reason given" : status.err_msg;
      return;
    }
    try {
      helpers_ = new py::dict;
      (*helpers_)["__builtins__"] = py::module_::import("builtins");
      py::exec(python_helpers, *helpers_);
    } catch (py::error_already_set& error) {
      failure_ = error.what();
    }
    PyEval_SaveThread();  // any thread may take the GIL from now on
  }

  std::mutex calls_;
  Watchdog watchdog_;
  py::dict* helpers_ = nullptr;
  std::string failure_;
};

struct Function {
  std::string name;
  py::object* object;  // kept for ever, as the interpreter is
};

/// What a batch is, read before the GIL is taken.
struct Batch {
  std::vector<io::RecordText> texts;               // of text data
  std::vector<std::vector<std::uint8_t>> weights;  // (n, symbols), of text data
  std::vector<float> values;                       // (n, F), of other data
};

class Python : public Hypothesis {
 public:
  Python(std::string name, std::string path, DataFacts const& facts)
      : name_(std::move(name)), path_(std::move(path)), seconds_(facts.python_timeout) {
    VALIDATE(seconds_ > 0 && seconds_ <= 1e7,
             "--hypothesis-timeout: " << seconds_ << " is out of range (up to 1e7 s). Give another.");
    VALIDATE(facts.data != nullptr, "hypothesis " << name_
                                                  << ": there are no data to call Python functions on (only "
                                                     "behaviors). Give --data.");
    struct stat status = {};
    bool const others_write = ::stat(path_.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0;
    VALIDATE(!others_write, "hypothesis " << name_ << ": " << path_
                                          << " can be written by everyone (it is run as code). chmod o-w it.");
    std::vector<std::uint8_t> const bytes = io::read_whole_file(path_);
    std::string const source(bytes.begin(), bytes.end());
    fingerprint_ = digest("python:" + source);
    load(source);
  }

  std::vector<std::string> const& columns() const override { return columns_; }
  std::string fingerprint() const override { return fingerprint_; }
  bool costly() const override { return true; }

  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override {
    if (block.records.empty()) return;
    Batch const batch = read(block);
    Interpreter& interpreter = Interpreter::get();
    for (std::size_t c = 0; c < functions_.size(); ++c) {
      interpreter.run("hypothesis " + columns_[c], seconds_,
                      [&](py::dict& helpers) { call(helpers, c, block, batch, values + c, stride); });
    }
  }

 private:
  void load(std::string const& source) {
    Interpreter::get().run("hypothesis " + name_ + ": loading " + path_, seconds_, [&](py::dict& helpers) {
      std::string problem;
      try {
        py::object const found = helpers["load"]("sonde_hypothesis_" + name_, path_, py::bytes(source));
        for (py::handle const entry : found) {
          auto const pair = py::reinterpret_borrow<py::tuple>(entry);
          functions_.push_back({py::cast<std::string>(pair[0]), new py::object(pair[1])});
          columns_.push_back(name_ + '.' + functions_.back().name);
        }
      } catch (py::error_already_set& error) {
        problem = describe(helpers, error);
      }
      VALIDATE(problem.empty(), "hypothesis " << name_ << ": " << problem << ". Mend the file.");
    });
    VALIDATE(!functions_.empty(), "hypothesis " << name_ << ": " << path_
                                                << " defines no hypothesis (a function of one argument whose name does "
                                                   "not begin with '_'). Define one.");
  }

  std::string describe(py::dict& helpers, py::error_already_set& error) const {
    try {
      py::object value = error.value();
      if (error.trace()) PyException_SetTraceback(value.ptr(), error.trace().ptr());
      return py::cast<std::string>(helpers["describe"](value, path_));
    } catch (py::error_already_set&) {
      return error.what();  // an exception that cannot even be printed
    }
  }

  static Batch read(RecordBlock const& block) {
    Batch batch;
    DataFacts const& facts = block.facts;
    if (facts.text == nullptr) {
      batch.values.resize(block.records.size() * static_cast<std::size_t>(volume(facts.data->sample_shape())));
      facts.data->read(block.records, batch.values.data());
      return batch;
    }
    for (std::int64_t const index : block.records) {
      batch.texts.push_back(facts.text->record(index));
      batch.weights.emplace_back(static_cast<std::size_t>(facts.symbols));
      facts.text->weights(index, batch.weights.back().data());
    }
    return batch;
  }

  /// The argument of a function: records [first, first + count) of a batch.
  static py::object argument(py::dict& helpers, RecordBlock const& block, Batch const& batch, std::size_t first,
                             std::size_t count) {
    if (block.facts.text == nullptr) {
      Shape shape = block.facts.data->sample_shape();
      auto const features = static_cast<std::size_t>(volume(shape));
      shape.insert(shape.begin(), static_cast<std::int64_t>(count));
      py::array_t<float> array(shape, batch.values.data() + first * features);  // a copy
      return array;
    }
    py::list list;
    for (std::size_t i = first; i < first + count; ++i) {
      io::RecordText const& record = batch.texts[i];
      py::object symbols = py::none();
      for (std::size_t s = 0; s + 1 < record.first.size(); ++s) {
        std::string_view const symbol = std::string_view(record.text).substr(record.first[s]);
        if (symbols.is_none() && record.first[s + 1] - record.first[s] > io::utf8_length(symbol)) {
          symbols = symbols_of(record);
        }
      }
      list.append(helpers["text"](record.text, symbols));
    }
    return list;
  }

  static py::list symbols_of(io::RecordText const& record) {
    py::list symbols;
    for (std::size_t s = 0; s + 1 < record.first.size(); ++s) {
      std::size_t const length = record.first[s + 1] - record.first[s];
      if (length > 0) symbols.append(py::str(record.text.substr(record.first[s], length)));
    }
    return symbols;
  }

  /// Column c for the whole block; when Python refuses it, record by record, to name the first that is at fault.
  void call(py::dict& helpers, std::size_t c, RecordBlock const& block, Batch const& batch, float* values,
            std::int64_t stride) const {
    std::size_t const count = block.records.size();
    std::string const problem = call_part(helpers, c, block, batch, 0, count, values, stride);
    if (problem.empty()) return;
    for (std::size_t i = 0; count > 1 && i < count; ++i) {
      auto const row = static_cast<std::int64_t>(i) * block.facts.symbols * stride;
      refuse(c, block.records[i], call_part(helpers, c, block, batch, i, 1, values + row, stride));
    }
    if (count == 1) refuse(c, block.records[0], problem);
    SONDE_FAIL_AS(InputError, "hypothesis " << columns_[c] << ", " << count << " records from record "
                                            << block.records[0] << " on together: " << problem
                                            << ". Each alone is fine: mend how " << path_ << " treats several.");
  }

  void refuse(std::size_t c, std::int64_t record, std::string const& problem) const {
    VALIDATE(problem.empty(), "hypothesis " << columns_[c] << ", record " << record << ": " << problem
                                            << ". Mend the function; one that is no hypothesis begins with '_'.");
  }

  /// What is wrong; empty when the values of the records were stored.
  std::string call_part(py::dict& helpers, std::size_t c, RecordBlock const& block, Batch const& batch,
                        std::size_t first, std::size_t count, float* values, std::int64_t stride) const {
    Interpreter::get().restart_watch();
    using Counts = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;
    using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;
    try {
      py::tuple const answer = helpers["call"](*functions_[c].object, argument(helpers, block, batch, first, count));
      Counts const counts(answer[0]);
      Numbers const numbers(answer[1]);
      double const* next = numbers.data();
      for (std::size_t i = 0; i < count; ++i) {
        std::vector<std::uint8_t> const* weights = batch.weights.empty() ? nullptr : &batch.weights[first + i];
        std::int64_t const given = counts.at(i);
        std::string const problem = store(weights, next, given, block.facts.symbols, values, stride);
        if (!problem.empty()) return problem;
        next += given;
        values += block.facts.symbols * stride;
      }
      return "";
    } catch (py::error_already_set& error) {
      if (error.matches(helpers["Wrong"])) return py::cast<std::string>(py::str(error.value()));
      return describe(helpers, error);
    }
  }

  /// One record: a number for each symbol of the text, or for each row, padding included.
  static std::string store(std::vector<std::uint8_t> const* weights, double const* numbers, std::int64_t given,
                           std::int64_t symbols, float* values, std::int64_t stride) {
    auto const counts = [&](std::int64_t s) {
      return weights == nullptr || (*weights)[static_cast<std::size_t>(s)] != 0;
    };
    std::int64_t of_text = 0;
    for (std::int64_t s = 0; s < symbols; ++s) of_text += counts(s) ? 1 : 0;
    std::ostringstream problem;
    if (given != of_text && given != symbols) {
      problem << "it returned " << given << " numbers for " << of_text << " symbols (one per symbol is needed)";
      return problem.str();
    }
    for (std::int64_t s = 0, next = 0; s < symbols; ++s) {
      values[s * stride] = 0;
      if (!counts(s)) {
        if (given == symbols) ++next;
        continue;
      }
      double const value = numbers[next];
      if (!(std::abs(value) <= std::numeric_limits<float>::max())) {
        problem << "number " << next << " it returned is " << value << " (scores need finite numbers of 32 bits)";
        return problem.str();
      }
      values[s * stride] = static_cast<float>(value);
      ++next;
    }
    return "";
  }

  std::string name_, path_, fingerprint_;
  double seconds_;
  std::vector<Function> functions_;
  std::vector<std::string> columns_;
};

}  // namespace

std::unique_ptr<Hypothesis> make_python(std::string const& name, std::string const& arguments, DataFacts const& facts) {
  VALIDATE(!arguments.empty(), "hypothesis " << name << ": no file is named. Write python:FILE.py.");
  return std::make_unique<Python>(name, arguments, facts);
}

}  // namespace sonde::inspect
