--- The library's texts in Korean. The keys are the English texts, word for word.
return {
  -- exceptions
  ["A server error occurred."] = "서버 오류가 발생했습니다.",
  ["Invalid input."] = "입력이 올바르지 않습니다.",
  ["Malformed request."] = "요청의 형식이 올바르지 않습니다.",
  ["JSON parse error - {reason}"] = "JSON을 읽을 수 없습니다 - {reason}",
  ["Form parse error - {reason}"] = "폼을 읽을 수 없습니다 - {reason}",
  ["The query string is malformed."] = "쿼리 문자열의 형식이 올바르지 않습니다.",
  ["Incorrect authentication credentials."] = "인증 정보가 올바르지 않습니다.",
  ["Authentication credentials were not provided."] = "인증 정보가 없습니다. 로그인해 주세요.",
  ["You do not have permission to perform this action."] = "이 작업을 할 권한이 없습니다.",
  ["Not found."] = "찾을 수 없습니다.",
  ['Method "{method}" not allowed.'] = '"{method}" 메서드는 사용할 수 없습니다.',
  ["Could not satisfy the request Accept header."] = "요청의 Accept 헤더에 맞는 형식으로 응답할 수 없습니다.",
  ['Unsupported media type "{media_type}" in request.'] = '요청의 미디어 타입 "{media_type}"은(는) 지원하지 않습니다.',
  ["Request was throttled."] = "요청이 너무 많습니다.",
  ["Expected available in {wait} second."] = "{wait}초 뒤에 다시 시도해 주세요.",
  ["Expected available in {wait} seconds."] = "{wait}초 뒤에 다시 시도해 주세요.",

  -- tokens
  ["Error decoding signature."] = "인증 토큰의 서명이 올바르지 않습니다.",
  ["Signature has expired."] = "인증 토큰이 만료되었습니다. 다시 로그인해 주세요.",

  -- fields
  ["This field is required."] = "필수 항목입니다.",
  ["This field may not be null."] = "null일 수 없습니다.",
  ["This field may not be blank."] = "비워 둘 수 없습니다.",
  ["This field must be unique."] = "이미 사용 중인 값입니다.",
  ["Not a valid string."] = "올바른 문자열이 아닙니다.",
  ["Null characters are not allowed."] = "널(NUL) 문자는 쓸 수 없습니다.",
  ["Ensure this field has no more than {max_length} characters."] = "{max_length}자 이하로 입력해 주세요.",
  ["Ensure this field has at least {min_length} characters."] = "{min_length}자 이상 입력해 주세요.",
  ["A valid integer is required."] = "올바른 정수를 입력해 주세요.",
  ["A valid number is required."] = "올바른 숫자를 입력해 주세요.",
  ["String value too large."] = "문자열이 너무 깁니다.",
  ["Ensure this value is less than or equal to {max_value}."] = "{max_value} 이하의 값을 입력해 주세요.",
  ["Ensure this value is greater than or equal to {min_value}."] = "{min_value} 이상의 값을 입력해 주세요.",
  ["Enter a valid email address."] = "올바른 이메일 주소를 입력해 주세요.",
  ["Must be a valid boolean."] = "참 또는 거짓이어야 합니다.",
  ['"{input}" is not a valid choice.'] = '"{input}"은(는) 선택할 수 없는 값입니다.',
  ["Time has wrong format. Use one of these formats instead: {format}."] =
    "시각의 형식이 올바르지 않습니다. 다음 형식으로 입력해 주세요: {format}.",
  ["Datetime has wrong format. Use one of these formats instead: {format}."] =
    "날짜와 시각의 형식이 올바르지 않습니다. 다음 형식으로 입력해 주세요: {format}.",

  -- lists and objects
  ['Expected a list of items but got type "{input_type}".'] = '목록이 필요하지만 "{input_type}" 타입을 받았습니다.',
  ["This list may not be empty."] = "목록을 비워 둘 수 없습니다.",
  ["Ensure this field has no more than {max_length} elements."] = "항목은 {max_length}개 이하여야 합니다.",
  ["Ensure this field has at least {min_length} elements."] = "항목은 {min_length}개 이상이어야 합니다.",
  ["Invalid data. Expected a dictionary, but got {datatype}."] = "객체가 필요하지만 {datatype} 타입을 받았습니다.",
  ["No data provided"] = "입력된 데이터가 없습니다",
}
