/**
 * words_notebook.c - what notebooks' runs say, in Korean.
 *
 * Read-only. A format's conversions stand in the order of the English ones, or are numbered.
 */
#include "operator/words_table.h"

#include <inttypes.h>
#include <stddef.h>

const struct words_entry words_of_notebooks[] = {
    /* finding and converting */
    {"there is no notebook %s; did you mean %.*s?", "%s(이)라는 노트북이 없습니다. %.*s을(를) 뜻하셨나요?"},
    {"there is no notebook %s; `mulligan notebook list` lists them",
     "%s(이)라는 노트북이 없습니다. `mulligan notebook list`가 목록을 보여 줍니다"},
    {"There are no notebooks.", "노트북이 없습니다."},
    {"`mulligan notebook show NAME` tells what one takes.",
     "무엇을 받는지는 `mulligan notebook show 이름`으로 봅니다."},
    {"`mulligan notebook show %s` tells what it takes.\n",
     "무엇을 받는지는 `mulligan notebook show %s`(으)로 봅니다.\n"},
    {"%s is the notebook itself", "%s은(는) 바로 그 노트북입니다"},
    /* running */
    {"%s is the notebook itself, which a run does not change",
     "%s은(는) 바로 그 노트북이며, 실행은 노트북을 바꾸지 않습니다"},
    {"--output takes a name that ends in .ipynb, not %s", "--output에는 .ipynb로 끝나는 이름을 씁니다. 적은 값: %s"},
    {"--html takes a name that ends in .html, not %s", "--html에는 .html로 끝나는 이름을 씁니다. 적은 값: %s"},
    {", cell %zu", ", 셀 %zu"},
    {"The notebook stopped at cell %zu.\n", "노트북이 %zu번째 셀에서 멈췄습니다.\n"},
    {"left at cell %zu", "%zu번째 셀에서 그만두었습니다"},
    {"the run's files could not be written", "실행 파일을 쓸 수 없었습니다"},
    {"As a notebook and as a page: %s, %s\n", "노트북과 페이지: %s, %s\n"},
    /* what a run leaves */
    {"What came of it", "결과"},
    {"%s of %s, by %s, %s\n", "%s, 노트북 %s, 운영자 %s, %s\n"},
    {"\n%s. Rows that change: %" PRId64 ". %s\n", "\n%s. 바뀌는 행: %" PRId64 ". %s\n"},
    {"It was saved.", "저장했습니다."},
    /* at the prompt */
    {"goes through a notebook, cell by cell; alone: lists them", "노트북을 셀마다 실행합니다. 혼자 쓰면 목록"},
    {"Enter runs it, b goes back one, q quits: ", "Enter 실행, b 한 셀 뒤로, q 그만두기: "},
    {"\"%s\" is none of Enter, b and q.", "\"%s\"은(는) Enter, b, q 가운데 어느 것도 아닙니다."},
    {"what is \"%s\" for? Parameters are NAME=VALUE", "\"%s\"은(는) 무엇인가요? 매개변수는 이름=값으로 씁니다"},
    {"To save this: mulligan notebook run NAME … --apply, or :notebook at the prompt of a terminal.",
     "저장하려면: mulligan notebook run 이름 … --apply, 또는 터미널에서 :notebook."},
    {NULL, NULL},
};
