#!/usr/bin/env escript
%% The `ftp` application of Erlang/OTP.
main(["version"]) ->
    application:load(ftp),
    {ok, Version} = application:get_key(ftp, vsn),
    io:format("~s~n", [Version]);
main(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    {ok, _} = application:ensure_all_started(ftp),
    logger:set_primary_config(level, none),
    turn(none).

turn(Session) ->
    case io:get_line("") of
        eof -> ok;
        Line -> answer(Session, string:tokens(string:trim(Line), " "))
    end.

answer(Session, ["can", _]) ->
    io:format("= ok~n"),
    turn(Session);
answer(none, Words) ->
    try session() of
        {ok, Session} -> answer(Session, Words);
        Why -> tell(none, Why)
    catch
        _:Why -> tell(none, Why)
    end;
answer(Session, [Operation | Words]) ->
    try run(Operation, Session, Words) of
        Done -> tell(Session, Done)
    catch
        _:Why -> tell(Session, Why)
    end.

tell(Session, ok) ->
    io:format("= ok~n"),
    turn(Session);
tell(Session, Why) ->
    io:format("= failed ~0p~n", [Why]),
    turn(Session).

session() ->
    {Host, Port} = {os:getenv("FTP_HOST"), list_to_integer(os:getenv("FTP_PORT"))},
    Tls = case os:getenv("FTP_TLS") of
        "" -> [];
        _ -> [{tls, [{cacertfile, os:getenv("FTP_CA")}, {verify, verify_peer}]}]
    end,
    {ok, Session} = ftp:open(Host, [{port, Port}, {mode, passive}, {timeout, 60000} | Tls]),
    ok = ftp:user(Session, os:getenv("FTP_USER"), os:getenv("FTP_PASSWORD")),
    ok = ftp:type(Session, binary),
    {ok, Session}.

run("put", Session, [Source, Name]) -> ftp:send(Session, Source, Name);
run("get", Session, [Name, Target]) -> ftp:recv(Session, Name, Target);
run("list", Session, [Directory]) ->
    case ftp:nlist(Session, Directory) of
        {ok, Names} -> [io:format("- ~s~n", [Name]) || Name <- string:lexemes(Names, "\r\n")], ok;
        Why -> Why
    end;
run("rename", Session, [Old, New]) -> ftp:rename(Session, Old, New);
run("delete", Session, [Name]) -> ftp:delete(Session, Name).
