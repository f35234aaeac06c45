/**
 * words.c - what the program says to operators, in Korean.
 *
 * Read-only; any thread. A format's conversions stand in the order of the English ones, or are numbered.
 */
#include "operator/words.h"
#include "base/language.h"
#include "operator/words_table.h"

#include <inttypes.h>
#include <string.h>

static const struct words_entry korean_entries[] = {
    /* the log */
    {"there is no log at %s: `mulligan serve` writes it", "%s에 로그가 없습니다. 로그는 `mulligan serve`가 씁니다"},
    {"--lines takes a whole number from 0, not '%s'", "--lines는 0 이상의 정수를 받습니다. 적은 값: '%s'"},
    {"--level takes debug, info, warning or error, not '%s'",
     "--level은 debug, info, warning, error 가운데 하나를 받습니다. 적은 값: '%s'"},
    /* parameters */
    {"%s has no parameter %s%.*s", "%s에는 %s%.*s 매개변수가 없습니다"},
    {"; did you mean ", ". 이것을 뜻하셨나요: "},
    {"; it takes ", ". 받는 것: "},
    {": it takes none", ". 받는 매개변수가 없습니다"},
    {"what is \"%s\" for? Values follow a flag: --parameter value",
     "\"%s\"은(는) 무엇의 값인가요? 값은 이름 뒤에 씁니다: --매개변수 값"},
    {"%s%.*s is given twice", "%s%.*s을(를) 두 번 적었습니다"},
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
    {"Type the number of rows, %" PRId64 ", to save them; anything else leaves all as it is: ",
     "저장하려면 행의 수 %" PRId64 "을(를) 입력하세요. 다른 것을 입력하면 그대로 둡니다: "},
    {"Type the number of rows, %" PRId64 ", or the address %s, to save them; anything else leaves all as it is: ",
     "저장하려면 행의 수 %" PRId64 " 또는 주소 %s을(를) 입력하세요. 다른 것을 입력하면 그대로 둡니다: "},
    {"not confirmed", "확인하지 않았습니다"},
    {"Saved. Rows changed: %" PRId64 ".\n", "저장했습니다. 바뀐 행: %" PRId64 ".\n"},
    {"Nothing has been saved.", "아무것도 저장하지 않았습니다."},
    {"Run it again to see what it would change now.", "지금은 무엇이 바뀌는지 다시 실행해서 확인하세요."},
    {"Interrupted. Nothing has been saved.", "중단했습니다. 아무것도 저장하지 않았습니다."},
    {"the database's tables have been changed since the plan was made; make the plan again",
     "계획을 세운 뒤 데이터베이스의 테이블이 바뀌었습니다. 계획을 다시 세우세요"},
    {"the database has changed since this was planned, and now it would come out differently: %s",
     "계획을 세운 뒤 데이터베이스가 바뀌어 지금은 결과가 달라집니다: %s"},
    {"other rows would change, or in another way", "다른 행이 바뀌거나 다르게 바뀝니다"},
    /* what is in the way */
    {"somebody", "누군가"},
    {"%s: %s has changed this row since: %s is now %s, not %s",
     "%s: 그사이 %s이(가) 이 행을 바꾸었습니다. %s은(는) 지금 %s이며 %s이(가) 아닙니다"},
    {"%s: %s has removed this row since", "%s: 그사이 %s이(가) 이 행을 지웠습니다"},
    {"%s: %s has added this row since: %s", "%s: 그사이 %s이(가) 이 행을 추가했습니다: %s"},
    {"%s: another row is in the way now: %s", "%s: 지금은 다른 행과 겹칩니다: %s"},
    {"%s would refer to a row of %s that is not there", "%s이(가) 가리키는 %s의 행이 없습니다"},
    /* runs */
    {"the run cannot be entered in the audit, so nothing was run",
     "실행을 감사 기록에 적을 수 없어 아무것도 실행하지 않았습니다"},
    {"The audit could not be completed: %s\n", "감사 기록을 마치지 못했습니다: %s\n"},
    {"\nRun %s is in the audit.\n", "\n실행 %s이(가) 감사 기록에 있습니다.\n"},
    {"To take it back: mulligan undo %s\n", "되돌리려면: mulligan undo %s\n"},
    {"This plan is kept: mulligan plan apply %.12s\n", "이 계획을 보관합니다: mulligan plan apply %.12s\n"},
    {"Audit hash: %s\n", "감사 해시: %s\n"},
    {"planned", "계획만"},
    {"applied", "저장됨"},
    {"aborted", "스크립트가 거절"},
    {"not_confirmed", "확인 안 함"},
    {"refused", "거부됨"},
    {"failed", "실패"},
    {"not_applied", "저장 안 됨"},
    {"running", "실행 중"},
    {"Nobody has run anything yet.", "아직 실행한 것이 없습니다."},
    {"run", "실행"},
    {"what", "무엇"},
    {"kind", "종류"},
    {"by", "누가"},
    {"reason", "이유"},
    {"started", "시작"},
    {"finished", "끝"},
    {"outcome, rows", "결과, 행"},
    {"why", "까닭"},
    {"takes back", "되돌리는 실행"},
    {"taken back by", "되돌린 실행"},
    {"command", "명령"},
    {"parameters", "매개변수"},
    {"script", "스크립트"},
    {"script's SHA-256", "스크립트의 SHA-256"},
    {"plan", "계획"},
    {"audit hash", "감사 해시"},
    {"what it said:", "출력:"},
    {"… %" PRId64 " more were not kept\n", "… 그 밖에 %" PRId64 "개는 보관하지 않았습니다\n"},
    {"The audit is sound: %" PRId64 " entries.\n", "감사 기록에 이상이 없습니다. 항목 %" PRId64 "개.\n"},
    {"The audit is NOT sound: somebody has changed it.", "감사 기록이 온전하지 않습니다. 누군가 바꾸었습니다."},
    /* undo */
    {"%s is still running: there is nothing to take back yet", "%s은(는) 아직 실행 중이라 되돌릴 것이 없습니다"},
    {"%s saved nothing (%s): there is nothing to take back", "%s은(는) 저장한 것이 없어(%s) 되돌릴 것이 없습니다"},
    {"%s was taken back already, by %s", "%s은(는) 이미 %s이(가) 되돌렸습니다"},
    {"the database's tables have been changed since %s, so that it cannot be taken back",
     "%s 뒤에 데이터베이스의 테이블이 바뀌어 되돌릴 수 없습니다"},
    /* plans that were kept */
    {"There are no plans.", "계획이 없습니다."},
    {"\"%.80s\" names no plan: it takes the first %d or more digits of its SHA",
     "\"%.80s\"은(는) 계획이 아닙니다. SHA의 첫 %d자리 이상을 적으세요"},
    {"there is no plan %s; `mulligan plan list` shows those there are",
     "%s(으)로 시작하는 계획이 없습니다. `mulligan plan list`가 목록을 보여 줍니다"},
    {"%s is the beginning of %zu plans: give more digits", "%s(으)로 시작하는 계획이 %zu개입니다. 더 적으세요"},
    {"the plan %.12s was changed or damaged, and is not used", "계획 %.12s은(는) 바뀌었거나 깨져서 쓰지 않습니다"},
    {"the plan %.12s was made by another version of this program",
     "계획 %.12s은(는) 이 프로그램의 다른 판이 만들었습니다"},
    {"plan %s\nmade %s by %s (%s, %s %s)\n", "계획 %s\n%s에 %s이(가) 만듦 (%s, %s %s)\n"},
    {"reason: %s\n", "이유: %s\n"},
    {"applied already, by %s\n", "이미 %s이(가) 저장함\n"},
    {"the script %s, which made this plan, is not there any more", "이 계획을 만든 스크립트 %s이(가) 이제 없습니다"},
    {"this plan was applied already, by %s", "이 계획은 이미 %s이(가) 저장했습니다"},
};

const char *words_language(void) {
  return language_of_host();
}

const char *words(const char *english) {
  static const struct words_entry *const tables[] = {words_of_console, words_of_notebooks, words_of_alerts,
                                                     words_of_requests};
  if (strcmp(words_language(), "ko") != 0)
    return english;
  for (size_t i = 0; i < sizeof korean_entries / sizeof *korean_entries; i++)
    if (strcmp(korean_entries[i].english, english) == 0)
      return korean_entries[i].korean;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct words_entry *entry = tables[i]; entry->english; entry++)
      if (strcmp(entry->english, english) == 0)
        return entry->korean;
  return english;
}
