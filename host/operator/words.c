/**
 * words.c - what the program says to operators, in Korean.
 *
 * Read-only; any thread. A format's conversions stand in the order of the English ones, or are numbered.
 */
#include "operator/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  const char *english, *korean;
};

static const struct entry korean_entries[] = {
    /* parameters */
    {"%s has no parameter --%.*s", "%s에는 --%.*s 매개변수가 없습니다"},
    {"; did you mean ", ". 이것을 뜻하셨나요: "},
    {"; it takes ", ". 받는 것: "},
    {": it takes none", ". 받는 매개변수가 없습니다"},
    {"what is \"%s\" for? Values follow a flag: --parameter value",
     "\"%s\"은(는) 무엇의 값인가요? 값은 이름 뒤에 씁니다: --매개변수 값"},
    {"--%.*s is given twice", "--%.*s을(를) 두 번 적었습니다"},
    {"--%.*s needs a value (%s)", "--%.*s에는 값이 필요합니다 (%s)"},
    {"%s needs %s", "%s에 필요한 것이 빠졌습니다: %s"},
    {"%s was not given", "%s을(를) 적지 않았습니다"},
    {"A value is needed; Ctrl-C ends the run.", "값이 필요합니다. 그만두려면 Ctrl-C를 누르세요."},
    {", not ", ". 적은 값: "},
    {"must be a whole number", "정수여야 합니다"},
    {"must be a whole number of at most 64 bits", "64비트 안의 정수여야 합니다"},
    {"must be a number", "숫자여야 합니다"},
    {"must be true or false", "true 또는 false여야 합니다"},
    {"must be a date, as 2021-11-13", "2021-11-13과 같은 날짜여야 합니다"},
    {"must be UTF-8", "UTF-8이어야 합니다"},
    {"must be one of %s", "다음 가운데 하나여야 합니다: %s"},
    {"has nothing to choose from", "고를 것이 없습니다"},
    {"(nothing to choose from)", "(고를 것이 없습니다)"},
    {", required", ", 필수"},
    {"usage:", "사용법:"},
    {"parameters:", "매개변수:"},
    {"It takes no parameters.", "매개변수가 없습니다."},
    {"The same command with --help tells what it takes.", "무엇을 받는지는 같은 명령에 --help를 붙여 봅니다."},
    /* scripts */
    {"there is no operator script %s; did you mean %s?", "%s(이)라는 운영 스크립트가 없습니다. %s을(를) 뜻하셨나요?"},
    {"there is no operator script %s; `mulligan run` lists them",
     "%s(이)라는 운영 스크립트가 없습니다. `mulligan run`이 목록을 보여 줍니다"},
    {"There are no operator scripts.", "운영 스크립트가 없습니다."},
    {"`mulligan run NAME --help` tells what one takes.", "무엇을 받는지는 `mulligan run 이름 --help`로 봅니다."},
    {"the script failed: %s", "스크립트가 실패했습니다: %s"},
    {"It is recorded as %s: tell a developer this reference (mulligan errors show %s).\n",
     "%s(으)로 기록했습니다. 개발자에게 이 번호를 알려 주세요 (mulligan errors show %s).\n"},
    /* what a script shows */
    {"(no rows)", "(행 없음)"},
    {"%s%s%" PRId64 " of %" PRId64 "\n", "%s%s%" PRId64 " / %" PRId64 "\n"},
    {"  %" PRId64 ":%02d left", "  %" PRId64 ":%02d 남음"},
    {"\nType \"%s\" to go on: ", "\n계속하려면 \"%s\"을(를) 입력하세요: "},
    /* the plan */
    {"changed", "변경"},
    {"new", "추가"},
    {"removed", "삭제"},
    {"before", "이전"},
    {"after", "이후"},
    {"  … and %zu more (--json shows all)\n", "  … 그 밖에 %zu개 (--json이 모두 보여 줍니다)\n"},
    {"This changes nothing.", "바뀌는 것이 없습니다."},
    {"\nRows that change: %" PRId64 ". Nothing has been saved yet.\n",
     "\n바뀌는 행: %" PRId64 ". 아직 아무것도 저장하지 않았습니다.\n"},
    {"To save this, run the same command again with --apply.",
     "저장하려면 같은 명령에 --apply를 붙여 다시 실행하세요."},
    {"Type the number of rows, %s, to save them; anything else leaves all as it is: ",
     "저장하려면 행의 수 %s을(를) 입력하세요. 다른 것을 입력하면 그대로 둡니다: "},
    {"not confirmed", "확인하지 않았습니다"},
    {"Saved. Rows changed: %" PRId64 ".\n", "저장했습니다. 바뀐 행: %" PRId64 ".\n"},
    {"Nothing has been saved.", "아무것도 저장하지 않았습니다."},
    {"Run it again to see what it would change now.", "지금은 무엇이 바뀌는지 다시 실행해서 확인하세요."},
    {"Interrupted. Nothing has been saved.", "중단했습니다. 아무것도 저장하지 않았습니다."},
};

static const char *locale_name(void) {
  static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *value = getenv(variables[i]);
    if (value && *value)
      return value;
  }
  return "";
}

const char *words_language(void) {
  return strncmp(locale_name(), "ko", 2) == 0 ? "ko" : "en";
}

const char *words(const char *english) {
  if (strcmp(words_language(), "ko") != 0)
    return english;
  for (size_t i = 0; i < sizeof korean_entries / sizeof *korean_entries; i++)
    if (strcmp(korean_entries[i].english, english) == 0)
      return korean_entries[i].korean;
  return english;
}
