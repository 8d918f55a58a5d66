#!/usr/bin/gjs -m
// The workload of parked tasks in GJS: SpiderMonkey, with GLib's event loop. One run, one sample: prints
// {"value": ..., "answer": n, "also": {...}}.
// Usage: gjs_peer waiting N.
// A task is an async function that was called: the engine runs it until its first await.
import GLib from 'gi://GLib';
import System from 'system';

function refuse(why) {
  printerr(`gjs_peer: ${why}`);
  System.exit(2);
}

function bytesAfter(file, key) {
  const [, content] = GLib.file_get_contents(file);
  for (const line of new TextDecoder().decode(content).split('\n'))
    if (line.startsWith(key)) return Number(line.split(/\s+/)[1]) * 1024;
  return refuse(`${file} has no line ${key}`);
}

// What is garbage goes first: both readings are of what is alive, and of what the heap keeps beside it.
function memory() {
  System.gc();
  return { resident: bytesAfter('/proc/self/smaps_rollup', 'Rss:'), tables: bytesAfter('/proc/self/status', 'VmPTE:') };
}

// Async functions that all wait for one promise; `tasks` are the promises that they returned.
function meet(tasks) {
  const at = { arrived: 0, left: 0, open: null, gate: null };
  at.gate = new Promise((resolve) => { at.open = resolve; });
  async function visit() {
    at.arrived++;
    await at.gate;
    at.left++;
  }
  for (let i = 0; i < tasks.length; i++) tasks[i] = visit();
  if (at.arrived !== tasks.length) refuse('an async function did not run to its first await');
  return at;
}

async function release(at, tasks) {
  at.open();
  for (const one of tasks) await one;
  return at.left;
}

async function waiting(count) {
  const few = new Array(64).fill(null);
  await release(meet(few), few);
  const tasks = new Array(count).fill(null);
  const before = memory();
  const at = meet(tasks);
  const after = memory();
  const resident = after.resident - before.resident;
  const tables = after.tables - before.tables;
  const answer = await release(at, tasks);
  print(JSON.stringify({
    value: (resident + tables) / count,
    answer,
    also: { resident_bytes: resident / count, page_table_bytes: tables / count, resident_total_mb: resident / 1e6 },
  }));
}

const [name, count, ...more] = System.programArgs;
if (name !== 'waiting' || !/^[1-9][0-9]*$/.test(count ?? '') || more.length !== 0)
  refuse('usage: gjs_peer waiting N');
const loop = new GLib.MainLoop(null, false);
waiting(Number(count)).catch((error) => refuse(error)).finally(() => loop.quit());
loop.run();
