/** A text as an Erlang binary, whatever it contains. */
export function binary(text: string): string {
  return `<<${[...Buffer.from(text, 'utf8')].join(',')}>>`
}

/** Takes the dot off that a shell would want. */
export function withoutDot(expressions: string): string {
  return expressions.trim().replace(/\.$/, '')
}

/** Expressions whose value is the value of the given ones, as Erlang prints it. */
export function printed(expressions: string): string {
  return `io_lib:format("~0tp", [begin ${expressions}\n end])`
}

/**
 * Expressions whose value is the value of the given ones, as JSON: `{obj, [{Key, Value}]}` and tables of AMQP become objects,
 * names of resources and pids texts, `undefined` and the empty atom null.
 */
export function asJson(expressions: string): string {
  return `
Hex = fun(Code) -> io_lib:format("\\\\u~4.16.0b", [Code]) end,
Character = fun
  (Code) when Code =:= $"; Code =:= $\\\\ -> [$\\\\, Code];
  (Code) when Code >= 32, Code < 127 -> Code;
  (Code) when Code < 16#10000 -> Hex(Code);
  (Code) -> [Hex(16#D800 + ((Code - 16#10000) bsr 10)), Hex(16#DC00 + ((Code - 16#10000) band 16#3FF))] end,
Text = fun(Bytes) ->
  Codes = case unicode:characters_to_list(Bytes) of List when is_list(List) -> List; _ -> binary_to_list(Bytes) end,
  [$", [Character(Code) || Code <- Codes], $"] end,
Json = fun
  Json(undefined) -> "null";
  Json('') -> "null";
  Json(Value) when Value =:= true; Value =:= false -> atom_to_list(Value);
  Json(Value) when is_atom(Value) -> Text(atom_to_binary(Value, utf8));
  Json(Value) when is_binary(Value) -> Text(Value);
  Json(Value) when is_number(Value) -> io_lib:format("~w", [Value]);
  Json(Value) when is_pid(Value) -> Text(list_to_binary(rabbit_misc:pid_to_string(Value)));
  Json({resource, _, _, Name}) -> Json(Name);
  Json({obj, Pairs}) ->
    [\${, lists:join($,, [[Text(Key), $:, Json(Value)] || {Key, Value} <- Pairs]), $}];
  Json([{Key, Type, _} | _] = Table) when is_binary(Key), is_atom(Type) ->
    Json({obj, [{Name, Value} || {Name, _, Value} <- Table]});
  Json(Values) when is_list(Values) -> [$[, lists:join($,, [Json(Value) || Value <- Values]), $]];
  Json(Value) -> Text(unicode:characters_to_binary(io_lib:format("~0tp", [Value]))) end,
Json(begin ${expressions}
end)`
}
