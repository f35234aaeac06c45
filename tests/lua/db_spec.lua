--- SQL from scripts: what comes back, what is refused and in which words, and what a transaction keeps.
local db = require "mulligan.db"
local exceptions = require "mulligan.exceptions"
local json = require "mulligan.json"

--- Calls and returns the error, which there must be.
local function failure(call, ...)
  local ok, err = pcall(call, ...)
  assert.is_false(ok, "nothing was raised")
  return err
end

--- The error's text holds this piece.
local function says(err, piece)
  local text = tostring(err)
  assert(text:find(piece, 1, true), ("%q does not say %q"):format(text, piece))
end

local function count()
  return db.one("select count(*) as n from person").n
end

describe("mulligan.db", function()
  before_each(function()
    db.exec [[create table person (
      id integer primary key,
      name text not null,
      email text unique,
      accepted boolean not null default true,
      age integer constraint adult check (age >= 18),
      photo blob,
      height real,
      boss integer references person (id)
    )]]
  end)

  after_each(function()
    db.exec "drop table person"
  end)

  describe("values", function()
    it("come back as they went in", function()
      local photo = "a\0\xff" .. ("x"):rep(1000)
      db.exec("insert into person (id, name, accepted, photo, height, age) values (?, ?, ?, ?, ?, ?)",
        math.maxinteger, "김민수\0'; drop", false, db.blob(photo), 1.5, db.null)
      local row = db.one("select * from person")
      assert.same({
        id = math.maxinteger, name = "김민수\0'; drop", accepted = false, photo = photo, height = 1.5,
      }, row)
      assert.equal("integer", math.type(row.id))
      assert.equal("float", math.type(row.height))
      local types = db.one [[select typeof(name) as name, typeof(photo) as photo, typeof(accepted) as accepted
        from person]]
      assert.same({ name = "text", photo = "blob", accepted = "integer" }, types)
    end)

    it("bind nil and db.null as NULL, also in the middle", function()
      assert.same({ b = 2 }, db.one("select ? as a, ? as b, ? as c", nil, 2, nil))
      assert.same({ yes = 1 }, db.one("select :a is null as yes", { a = db.null }))
      assert.equal(json.null, db.null)
    end)

    it("bind an empty blob as one", function()
      assert.equal("blob", db.one("select typeof(?) as t", db.blob("")).t)
    end)

    it("are bound by name", function()
      db.exec("insert into person (name, email) values (:name, @email)", { name = "a", email = "a@b" })
      local row = db.one("select * from person where name = :name or email = :name", { name = "a" })
      assert.equal("a@b", row.email)
    end)

    it("keep an integer an integer and a float a float", function()
      local row = db.one("select ? as a, ? as b, ? as c", 9007199254740993, 1.0, math.huge)
      assert.equal("9007199254740993", tostring(row.a))
      assert.equal("1.0", tostring(row.b))
      assert.equal(math.huge, row.c)
    end)
  end)

  describe("what cannot be bound is named", function()
    local by_position = "select * from person where id = ? and email = :email"

    it("by its place, its name and the SQL", function()
      local err = failure(db.query, by_position, 1, {})
      says(err, ('parameter 2 (:email) of "%s": a table cannot be bound'):format(by_position))
      assert.equal(db.Error, getmetatable(err))
      assert.equal("invalid", err.code)
      assert.equal(by_position, err.sql)
      says(failure(db.query, "select :f", { f = print }), 'parameter 1 (:f) of "select :f": a function cannot be bound')
      says(failure(db.query, "select ?", io.stdout), 'parameter 1 of "select ?": a userdata cannot be bound')
      says(failure(db.query, "select ?", coroutine.create(print)), "a thread cannot be bound")
    end)

    it("when a value is missing or too many", function()
      says(failure(db.query, by_position, 1), "parameter 2 (:email) of")
      says(failure(db.query, by_position, 1), "there is no value for it")
      says(failure(db.query, "select ?", 1, 2, 3), '3 values for the 1 parameter of "select ?"')
      says(failure(db.query, "select 1", nil), '1 values for the 0 parameters of "select 1"')
      says(failure(db.query, "select :a, :b", { a = 1 }), "parameter 2 (:b) of")
      says(failure(db.query, "select :a", { a = 1, emial = 2 }), 'there is no parameter :emial in "select :a"')
      says(failure(db.query, "select :a", { a = 1, 2 }), "there is no parameter with a number for a name")
      says(failure(db.query, "select ?", { 1 }), "its value comes after the SQL, not in a table")
    end)

    it("when it is no text", function()
      says(failure(db.query, "select ?", "\xff"), 'parameter 1 of "select ?": the text is not valid UTF-8')
      says(failure(db.query, "select ?", 0 / 0), "NaN cannot be bound")
    end)

    it("and SQL must be a string", function()
      says(failure(db.query), "string expected")
      says(failure(db.query, 12), "string expected")
      says(failure(db.blob, {}), "string expected")
    end)
  end)

  describe("rows", function()
    before_each(function()
      db.exec "insert into person (id, name) values (1, 'a'), (2, 'b'), (3, 'c')"
    end)

    it("are a list with its columns in order", function()
      local rows = db.query "select name, id, email from person order by id desc"
      assert.equal(3, #rows)
      assert.same({ name = "c", id = 3 }, rows[1])
      assert.same({ "name", "id", "email" }, rows.columns)
    end)

    it("are a JSON list, also when there are none", function()
      assert.equal('[{"id":1},{"id":2}]', json.encode(db.query "select id from person where id < 3 order by id"))
      local none = db.query "select id, name from person where id > 3"
      assert.equal("[]", json.encode(none))
      assert.same({ "id", "name" }, none.columns)
    end)

    it("are one or nil with db.one", function()
      assert.same({ name = "b" }, db.one("select name from person where id = ?", 2))
      assert.is_nil(db.one("select name from person where id = ?", 99))
    end)

    it("never hide a value behind another of the same name", function()
      local err = failure(db.query, "select p.id, q.id from person p join person q on q.id = p.id")
      says(err, "two columns are named id")
      assert.equal(3, #db.query "select p.id, q.id as other from person p join person q on q.id = p.id")
    end)

    it("follow a changed schema", function()
      local sql = "select * from person where id = 1"
      assert.is_nil(db.one(sql).nickname)
      db.exec "alter table person add column nickname text default 'n'"
      assert.equal("n", db.one(sql).nickname)
    end)

    it("can be very many", function()
      local rows = db.query [[with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
        select i, i * 2 as double from n]]
      assert.equal(20000, #rows)
      assert.same({ i = 20000, double = 40000 }, rows[20000])
    end)
  end)

  describe("db.exec", function()
    it("says how many rows changed and which id was inserted", function()
      assert.same({ changes = 1, last_id = 7 }, db.exec "insert into person (id, name) values (7, 'a')")
      assert.same({ changes = 0 }, db.exec "update person set name = 'x' where id = 99")
      assert.same({ changes = 1 }, db.exec "delete from person")
    end)

    it("commits by itself, and a refused write leaves nothing", function()
      db.exec "insert into person (id, name) values (1, 'a')"
      failure(db.exec, "insert into person (id, name) values (2, 'b'), (1, 'again')")
      assert.equal(1, count())
    end)

    it("is not needed for a write that returns rows", function()
      assert.same({ id = 1, accepted = true }, db.one "insert into person (name) values ('a') returning id, accepted")
      assert.equal(1, #db.query "delete from person returning id")
      assert.equal(0, count())
    end)
  end)

  describe("a violated constraint", function()
    it("is an IntegrityError with its particulars", function()
      db.exec "insert into person (id, name, email) values (1, 'a', 'a@b')"
      local sql = "insert into person (name, email) values ('b', ?)"
      local err = failure(db.exec, sql, "a@b")
      assert.is_true(exceptions.is(err, db.IntegrityError))
      assert.is_true(exceptions.is(err, db.Error))
      assert.equal("db.IntegrityError", getmetatable(err).__name)
      assert.equal("constraint", err.code)
      assert.equal("unique", err.constraint)
      assert.equal("person", err.table)
      assert.same({ "email" }, err.columns)
      assert.equal(sql, err.sql)
      says(err, 'UNIQUE constraint failed: person.email, in "insert into person')

      err = failure(db.exec, "insert into person (name, age) values ('b', 3)")
      assert.same({ "check", "adult", nil }, { err.constraint, err.name, err.table })
      err = failure(db.exec, "insert into person (name) values (null)")
      assert.same({ "not_null", "person", { "name" } }, { err.constraint, err.table, err.columns })
      err = failure(db.exec, "insert into person (name, boss) values ('b', 99)")
      assert.same({ "foreign_key", {} }, { err.constraint, err.columns })
      err = failure(db.exec, "insert into person (id, name) values (1, 'b')")
      assert.equal("primary_key", err.constraint)
    end)

    it("is no IntegrityError when the SQL is wrong", function()
      local err = failure(db.query, "select nope from person")
      assert.is_false(exceptions.is(err, db.IntegrityError))
      assert.is_true(exceptions.is(err, db.Error))
      assert.equal("invalid", err.code)
      says(err, 'no such column: nope, in "select nope from person"')
    end)
  end)

  describe("is refused:", function()
    it("a transaction in SQL, in favour of db.transaction", function()
      for _, sql in ipairs { "begin", "begin immediate", "commit", "rollback", "savepoint a", "release a" } do
        local err = failure(db.exec, sql)
        assert.equal("denied", err.code)
        says(err, "db.transaction(function()")
      end
    end)

    it("another database, a setting, a temporary table", function()
      for _, sql in ipairs { "attach ':memory:' as other", "pragma foreign_keys = off", "create temp table a (b)",
                             "select load_extension('a')" } do
        assert.equal("denied", failure(db.query, sql).code, sql)
      end
      assert.equal(8, #db.query "pragma table_info(person)")
    end)

    it("a second statement, and none at all", function()
      says(failure(db.exec, "delete from person; delete from person"), "more than one statement")
      says(failure(db.exec, " -- nothing"), "no statement")
      says(failure(db.exec, "select 1\0; delete from person"), "NUL")
    end)
  end)

  describe("db.transaction", function()
    it("commits, and passes on what its function returns", function()
      assert.same({ 1, nil, "c", n = 3 }, table.pack(db.transaction(function()
        db.exec "insert into person (name) values ('a')"
        return 1, nil, "c"
      end)))
      assert.equal(1, count())
      assert.equal(0, select("#", db.transaction(function() end)))
    end)

    it("rolls back on an error and raises the same one", function()
      for _, value in ipairs { { "an object" }, "a text", 42, false } do
        local err = failure(db.transaction, function()
          db.exec "insert into person (name) values ('a')"
          error(value, 0)
        end)
        assert.equal(value, err)
        assert.equal(0, count())
      end
    end)

    it("is undone alone inside another", function()
      db.transaction(function()
        db.exec "insert into person (name) values ('outer')"
        failure(db.transaction, function()
          db.exec "insert into person (name) values ('inner')"
          db.transaction(function()
            db.exec "insert into person (name) values ('innermost')"
          end)
          error("no")
        end)
        assert.equal(1, count())
        db.transaction(function()
          db.exec "insert into person (name) values ('kept')"
        end)
      end)
      assert.equal(2, count())
    end)

    it("takes its steps along when it is rolled back", function()
      failure(db.transaction, function()
        db.transaction(function()
          db.exec "insert into person (name) values ('inner')"
        end)
        error("no")
      end)
      assert.equal(0, count())
    end)

    it("goes on after a refused statement", function()
      db.transaction(function()
        db.exec "insert into person (id, name) values (1, 'a')"
        failure(db.exec, "insert into person (id, name) values (1, 'b')")
        db.exec "insert into person (id, name) values (2, 'b')"
      end)
      assert.equal(2, count())
    end)

    it("is over when a coroutine died in it", function()
      local co = coroutine.create(function()
        db.transaction(function()
          db.exec "insert into person (name) values ('lost')"
          error("died")
        end)
      end)
      assert.is_false((coroutine.resume(co)))
      db.exec "insert into person (name) values ('kept')"
      assert.same({ { name = "kept" } }, { db.one "select name from person" })

      db.transaction(function()
        db.exec "insert into person (name) values ('outer')"
        local inner = coroutine.create(function()
          db.transaction(function()
            db.exec "insert into person (name) values ('lost')"
            error("died")
          end)
        end)
        assert.is_false((coroutine.resume(inner)))
      end)
      assert.equal(2, count())
    end)

    it("is over when a dead coroutine is closed or collected", function()
      local function die()
        local co = coroutine.create(function()
          db.transaction(function()
            db.exec "insert into person (name) values ('lost')"
            error("died")
          end)
        end)
        coroutine.resume(co)
        return co
      end
      coroutine.close(die())
      assert.equal(0, count())
      die()
      collectgarbage()
      collectgarbage()
      assert.equal(0, count())
      db.exec "insert into person (name) values ('kept')"
      assert.equal(1, count())
    end)

    it("cannot be left by a yield", function()
      local co = coroutine.create(function()
        db.transaction(function()
          coroutine.yield()
        end)
      end)
      local ok, err = coroutine.resume(co)
      assert.is_false(ok)
      says(err, "attempt to yield")
      db.exec "insert into person (name) values ('next')"
      assert.equal(1, count())
    end)

    it("lets coroutines inside it yield", function()
      db.transaction(function()
        for name in coroutine.wrap(function()
          for _, each in ipairs { "a", "b" } do
            coroutine.yield(each)
          end
        end) do
          db.exec("insert into person (name) values (?)", name)
        end
      end)
      assert.equal(2, count())
    end)

    it("reports a commit that is refused, and is over", function()
      db.exec "create table late (a references person (id) deferrable initially deferred)"
      local err = failure(db.transaction, function()
        db.exec "insert into late values (99)"
      end)
      assert.is_true(exceptions.is(err, db.IntegrityError))
      assert.equal("foreign_key", err.constraint)
      assert.equal(0, db.one("select count(*) as n from late").n)
      db.exec "drop table late"
    end)

    it("wants a function", function()
      says(failure(db.transaction), "function expected")
      says(failure(db.transaction, "begin"), "function expected")
    end)

    it("nests deeply", function()
      local function nest(depth)
        db.transaction(function()
          db.exec("insert into person (name) values (?)", "depth " .. depth)
          if depth < 50 then
            nest(depth + 1)
          end
        end)
      end
      nest(1)
      assert.equal(50, count())
    end)
  end)

  it("keeps what a script can reach from being used for anything else", function()
    assert.equal("db.blob", getmetatable(db.blob("a")))
    says(failure(function()
      return db.blob("a") .. "b"
    end), "db.blob")
  end)
end)
