#!/usr/bin/node --expose-gc
// The same workloads in Node. One run, one sample: prints {"value": ..., "answer": n, "also": {...}}.
// Usage: node_peer waiting N | yield TASKS ROUNDS | sequential N | concurrent N.
// A task is an async function that was called: Node runs it until its first await, and has no other way to start one.
'use strict';
const fs = require('fs');

function refuse(why) {
  console.error(`node_peer: ${why}`);
  process.exit(2);
}

function report(value, answer, also = {}) {
  console.log(JSON.stringify({ value, answer, also }));
}

const nanoseconds = () => Number(process.hrtime.bigint());

function bytesAfter(file, key) {
  for (const line of fs.readFileSync(file, 'ascii').split('\n'))
    if (line.startsWith(key)) return Number(line.split(/\s+/)[1]) * 1024;
  return refuse(`${file} has no line ${key}`);
}

// What is garbage goes first: both readings are of what is alive, and of what the heap keeps beside it.
function memory() {
  global.gc();
  return {
    heap: process.memoryUsage().heapUsed,
    resident: bytesAfter('/proc/self/smaps_rollup', 'Rss:'),
    tables: bytesAfter('/proc/self/status', 'VmPTE:'),
  };
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
  const [heap, resident, tables] = ['heap', 'resident', 'tables'].map((of) => after[of] - before[of]);
  const answer = await release(at, tasks);
  report((resident + tables) / count, answer, {
    resident_bytes: resident / count,
    page_table_bytes: tables / count,
    resident_total_mb: resident / 1e6,
    heap_bytes: heap / count,
  });
}

async function yields(tasks, rounds) {
  const warm = 2;
  const resolved = Promise.resolve();
  let turns = 0;
  let start = 0;
  let end = 0;
  async function one(first) {
    for (let round = 0; round <= warm + rounds; round++) {
      if (round >= warm && round < warm + rounds) turns++;
      if (first && round === warm) start = nanoseconds();
      if (first && round === warm + rounds) end = nanoseconds();
      await resolved;
    }
  }
  const all = [];
  for (let i = 0; i < tasks; i++) all.push(one(i === 0));
  for (const each of all) await each;
  report((end - start) / (tasks * rounds), turns);
}

// `once` twice: the second time is the figure, the first is listed as cold.
async function warmed(count, once) {
  let cold = 0;
  for (const warm of [false, true]) {
    const start = nanoseconds();
    const sum = await once(count);
    const each = (nanoseconds() - start) / count;
    if (warm) report(each, sum, { cold_ns: cold });
    cold = each;
  }
}

async function sequential(count) {
  async function one() { return 1; }
  let sum = 0;
  for (let i = 0; i < count; i++) sum += await one();
  return sum;
}

async function concurrent(count) {
  let sum = 0;
  async function one() { sum++; }
  const all = new Array(count);
  for (let i = 0; i < count; i++) all[i] = one();
  for (const each of all) await each;
  return sum;
}

// Name: how many numbers it takes, what runs it.
const workloads = {
  waiting: [1, waiting],
  yield: [2, yields],
  sequential: [1, (count) => warmed(count, sequential)],
  concurrent: [1, (count) => warmed(count, concurrent)],
};

const [name, ...words] = process.argv.slice(2);
if (!Object.hasOwn(workloads, name ?? '')) refuse(`name one of ${Object.keys(workloads).join(', ')}`);
const [takes, run] = workloads[name];
if (words.length !== takes || !words.every((word) => /^\d+$/.test(word))) refuse(`${name} takes ${takes} numbers`);
run(...words.map(Number)).catch((error) => refuse(error));
