#!/usr/bin/lua5.4
-- The same workloads with Lua's coroutines. One run, one sample: prints {"value": ..., "answer": n, "also": {...}}.
-- Usage: lua_peer waiting N | initial N | yield TASKS ROUNDS.
-- Lua has no scheduler: whoever holds the coroutines resumes them, in the order of a table.

local resume, yield = coroutine.resume, coroutine.yield

local function refuse(why)
  io.stderr:write("lua_peer: ", why, "\n")
  os.exit(2)
end

local function report(value, answer, also)
  local further = {}
  for name, figure in pairs(also or {}) do
    further[#further + 1] = string.format('"%s": %.17g', name, figure)
  end
  table.sort(further)
  print(string.format('{"value": %.17g, "answer": %d, "also": {%s}}', value, answer, table.concat(further, ", ")))
end

local function bytes_after(file, key)
  for line in io.lines(file) do
    if line:sub(1, #key) == key then
      return tonumber(line:match("%d+")) * 1024
    end
  end
  refuse(file .. " has no line " .. key)
end

-- Coroutines that all wait for one event; who releases them resumes each.
local function meet(all, count)
  local at = { arrived = 0, left = 0 }
  local function visit()
    at.arrived = at.arrived + 1
    yield()
    at.left = at.left + 1
  end
  for i = 1, count do
    all[i] = coroutine.create(visit)
    resume(all[i])
  end
  if at.arrived ~= count then
    refuse("a coroutine did not run to its first yield")
  end
  return at
end

local function release(at, all)
  for i = 1, #all do
    resume(all[i])
  end
  return at.left
end

-- Places for so many, made before the first reading; 64 coroutines have come and gone by then.
local function places(count)
  local few = {}
  release(meet(few, 64), few)
  local all = {}
  for i = 1, count do
    all[i] = false
  end
  collectgarbage("collect")
  return all
end

local function waiting(count)
  local all = places(count)
  local rollup, status = "/proc/self/smaps_rollup", "/proc/self/status"
  local resident, tables = bytes_after(rollup, "Rss:"), bytes_after(status, "VmPTE:")
  local at = meet(all, count)
  resident, tables = bytes_after(rollup, "Rss:") - resident, bytes_after(status, "VmPTE:") - tables
  report((resident + tables) / count, release(at, all), {
    resident_bytes = resident / count,
    page_table_bytes = tables / count,
    resident_total_mb = resident / 1e6,
  })
end

-- What Lua's own heap holds for each.
local function initial(count)
  local all = places(count)
  local before = collectgarbage("count")
  local at = meet(all, count)
  collectgarbage("collect")
  local grown = (collectgarbage("count") - before) * 1024
  report(grown / count, release(at, all))
end

-- The clock of the process: nothing else in standard Lua is finer than a second, and nobody waits here.
local function yields(tasks, rounds)
  local turns = 0
  local all = {}
  for i = 1, tasks do
    all[i] = coroutine.create(function()
      while true do
        turns = turns + 1
        yield()
      end
    end)
  end
  local function go_round(times)
    for _ = 1, times do
      for i = 1, tasks do
        resume(all[i])
      end
    end
  end
  go_round(2)
  turns = 0
  local start = os.clock()
  go_round(rounds)
  report((os.clock() - start) * 1e9 / (tasks * rounds), turns)
end

-- Name: how many numbers it takes, what runs it.
local workloads = { waiting = { 1, waiting }, initial = { 1, initial }, yield = { 2, yields } }

local wanted = workloads[arg[1] or ""]
if not wanted then
  refuse("name one of waiting, initial, yield")
end
local numbers = {}
for i = 2, #arg do
  numbers[#numbers + 1] = math.tointeger(tonumber(arg[i])) or refuse("not a number: " .. arg[i])
end
if #numbers ~= wanted[1] then
  refuse(string.format("%s takes %d numbers", arg[1], wanted[1]))
end
wanted[2](table.unpack(numbers))
