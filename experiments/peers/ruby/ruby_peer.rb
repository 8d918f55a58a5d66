#!/usr/bin/ruby
# The same workloads with Ruby's fibers. One run, one sample: prints {"value": ..., "answer": n, "also": {...}}.
# Usage: ruby_peer waiting N | initial N | yield TASKS ROUNDS | sequential N.
# Ruby has no scheduler of its own for fibers: whoever holds them resumes them, one after the other.
require 'json'

def refuse(why)
  warn "ruby_peer: #{why}"
  exit 2
end

def report(value, answer, also = {})
  puts JSON.generate({ value: value, answer: answer, also: also })
end

def nanoseconds
  Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
end

def bytes_after(file, key)
  File.foreach(file) { |line| return line.split[1].to_i * 1024 if line.start_with?(key) }
  refuse "#{file} has no line #{key}"
end

Memory = Struct.new(:resident, :tables, :virtual)

def memory
  Memory.new(bytes_after('/proc/self/smaps_rollup', 'Rss:'), bytes_after('/proc/self/status', 'VmPTE:'),
             bytes_after('/proc/self/status', 'VmSize:'))
end

# Fibers that all wait for one event; who releases them resumes each.
class Meeting
  attr_reader :arrived, :left

  def initialize
    @arrived = 0
    @left = 0
  end

  def gather(fibers)
    fibers.map! do
      made = Fiber.new do
        @arrived += 1
        Fiber.yield
        @left += 1
      end
      made.resume
      made
    end
  end

  def release(fibers)
    fibers.each(&:resume)
    left
  end
end

def measured(count)
  few = Array.new(64)
  small = Meeting.new
  small.gather(few)
  small.release(few)
  fibers = Array.new(count)
  GC.start
  before = memory
  at = Meeting.new
  at.gather(fibers)
  refuse 'a fiber did not run to its first yield' unless at.arrived == count
  after = memory
  grown = Memory.new(*before.to_a.zip(after.to_a).map { |earlier, later| later - earlier })
  [grown, at.release(fibers)]
end

def waiting(count)
  grown, ended = measured(count)
  report((grown.resident + grown.tables) / count.to_f, ended,
         { resident_bytes: grown.resident / count.to_f, page_table_bytes: grown.tables / count.to_f,
           resident_total_mb: grown.resident / 1e6 })
end

# The interpreter's stack, as its parameters name it; a fiber has a stack of the machine beside it.
def initial(count)
  parameters = RubyVM::DEFAULT_PARAMS
  grown, ended = measured(count)
  report(parameters.fetch(:fiber_vm_stack_size), ended,
         { machine_stack_bytes: parameters.fetch(:fiber_machine_stack_size), virtual_bytes: grown.virtual / count.to_f })
end

def yields(tasks, rounds)
  turns = 0
  fibers = Array.new(tasks) do
    Fiber.new do
      loop do
        turns += 1
        Fiber.yield
      end
    end
  end
  go_round = ->(times) { times.times { fibers.each(&:resume) } }
  go_round.call(2)
  turns = 0
  start = nanoseconds
  go_round.call(rounds)
  report((nanoseconds - start) / (tasks * rounds).to_f, turns)
end

# Twice: the second time is the figure, the first is listed as cold.
def sequential(count)
  once = lambda do
    sum = 0
    start = nanoseconds
    count.times { sum += Fiber.new { 1 }.resume }
    [(nanoseconds - start) / count.to_f, sum]
  end
  cold, = once.call
  warm, sum = once.call
  report(warm, sum, { cold_ns: cold })
end

WORKLOADS = { 'waiting' => [1, method(:waiting)], 'initial' => [1, method(:initial)], 'yield' => [2, method(:yields)],
              'sequential' => [1, method(:sequential)] }.freeze

name, *words = ARGV
takes, run = WORKLOADS[name]
refuse "name one of #{WORKLOADS.keys.join(', ')}" unless run
refuse "#{name} takes #{takes} numbers" unless words.size == takes && words.all?(/\A\d+\z/)
begin
  run.call(*words.map(&:to_i))
rescue FiberError => e
  refuse "no more fibers: #{e.message}; each takes two of the mappings that vm.max_map_count allows"
end
