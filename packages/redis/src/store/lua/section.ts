/**
 * What every script begins with: the clock and the server's identity, read once per call, and sections with their fence.
 *
 * A section's counters are the hash `<partition>:<section>::meta`. Beside it stand `log` (a stream whose ids are sequences),
 * `answers:0` and `answers:1` (the two halves of the op memory), `op:<key>:<id>` (answers to ids that callers gave) and
 * `deleted:<key>` (tombstones). Numbers are doubles here, as in JavaScript: exact up to 2^53, and printed by \`int\`, for Lua
 * prints 1e14 as "1e+14".
 */
export const sectionLua: string = `
local settings = cjson.decode(ARGV[1])
local maxLineage = settings[1]

local clock = redis.call('TIME')
local seconds, micros = tonumber(clock[1]), tonumber(clock[2])
local now = seconds * 1000 + micros / 1000
-- milliseconds with up to three decimals, as JSON.stringify prints that number
local nowText = string.gsub(string.format('%.3f', now), '%.?0+$', '')

-- new at every start and every promotion of a server
local identity = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')

local function int(n) return string.format('%.0f', n) end

local argIndex = 1
local function nextArg()
  argIndex = argIndex + 1
  return ARGV[argIndex]
end

-- Lua cannot pass more than a few thousand values at once
local CHUNK = 2000

-- Begins an epoch. The caller's candidate is unique per call; the identity keeps a call that a client sent again apart.
local function startEpoch(s)
  s.epochsStarted = s.epochsStarted + 1
  s.epoch = s.candidateEpoch .. (s.epochsStarted > 1 and '-' .. s.epochsStarted or '') .. '-' .. string.sub(identity, 1, 8)
  s.identity = identity
  s.dirty = true
end

-- A new epoch whose parent is the present one: up to here history is common. Log and op memory go on.
local function forkEpoch(s)
  s.lineage = s.lineage .. ',' .. s.epoch .. ' ' .. int(s.sequence) .. ' ' .. int(s.answers)
  local _, forks = string.gsub(s.lineage, ',', '')
  while forks > maxLineage do
    s.lineage = string.gsub(s.lineage, '^,[^,]*', '', 1)
    forks = forks - 1
  end
  startEpoch(s)
end

-- A new epoch without parent, after the counters were lost: the microseconds of the clock lie above every generation.
local function resetSection(s)
  s.sequence = seconds * 1000000 + micros
  s.lineage = ''
  s.answers, s.rotatedAt, s.answerText, s.floor, s.half = 0, 0, 0, 0, 0
  s.oldest, s.subscribeBy, s.digest = nil, nil, nil
  redis.call('DEL', s.meta, s.prefix .. 'log', s.prefix .. 'answers:0', s.prefix .. 'answers:1')
  startEpoch(s)
end

-- The section, its fence passed: a server with another identity than the noted one begins a new epoch.
local function loadSection(meta, candidateEpoch)
  local s = { meta = meta, prefix = string.sub(meta, 1, -5), candidateEpoch = candidateEpoch, epochsStarted = 0, committed = 0 }
  local m = redis.call('HMGET', meta, 'epoch', 'identity', 'sequence', 'lineage', 'answers', 'rotatedAt', 'answerText',
    'floor', 'half', 'subscribeBy', 'digest', 'oldest')
  if m[1] then
    s.epoch, s.identity, s.sequence, s.lineage = m[1], m[2], tonumber(m[3]), m[4]
    s.answers, s.rotatedAt, s.answerText = tonumber(m[5]), tonumber(m[6]), tonumber(m[7])
    s.floor, s.half = tonumber(m[8]), tonumber(m[9])
    s.subscribeBy, s.digest, s.oldest = m[10] or nil, m[11] or nil, tonumber(m[12] or nil)
    if s.identity ~= identity then forkEpoch(s) end
  elseif redis.call('EXISTS', s.prefix .. 'log', s.prefix .. 'answers:0', s.prefix .. 'answers:1') > 0 then
    resetSection(s)
  else
    s.sequence, s.lineage = 0, ''
    s.answers, s.rotatedAt, s.answerText, s.floor, s.half = 0, 0, 0, 0, 0
    startEpoch(s)
  end
  return s
end

-- A document from beyond the section's sequence proves that the counters were lost.
local function checkCounters(s, generation)
  if generation and generation > s.sequence then resetSection(s) end
end

local function save(s)
  if s.dirty then
    redis.call('HSET', s.meta, 'epoch', s.epoch, 'identity', s.identity, 'sequence', int(s.sequence), 'lineage', s.lineage,
      'answers', int(s.answers), 'rotatedAt', int(s.rotatedAt), 'answerText', int(s.answerText), 'floor', int(s.floor),
      'half', int(s.half))
  end
end

-- Where a section stands, for the reply.
local function stateOf(s)
  return s.epoch, int(s.sequence) .. ' ' .. int(s.answers), s.lineage, s.subscribeBy or '', s.digest or ''
end

-- The fork at which an ancestor ended: its sequence and its answer count.
local function findFork(s, epoch)
  if string.find(epoch, '[ ,]') then return nil end
  local _, at = string.find(s.lineage, ',' .. epoch .. ' ', 1, true)
  if not at then return nil end
  local sequence, answers = string.match(s.lineage, '^(%d+) (%d+)', at + 1)
  return tonumber(sequence), tonumber(answers)
end

-- Is a place part of the section's history?
local function isInHistory(s, epoch, sequence)
  if epoch == s.epoch then return true end
  local fork = findFork(s, epoch)
  return fork ~= nil and sequence <= fork
end

-- In a cluster: are these keys on this side of a move? All that is absent is elsewhere, as long as the slot is not at rest.
local function keysAreLocal(...) return type(redis.pcall('EXISTS', ...)) == 'number' end

-- Is it not being moved? Then two keys that do not exist can be asked for.
local function isSlotStable(s)
  return string.sub(s.prefix, 1, 1) ~= '{' or keysAreLocal(s.prefix .. 'absent:0', s.prefix .. 'absent:1')
end

local function tryAgain() error({ err = 'TRYAGAIN the slot is being moved' }) end

local sections = {}
local function loadSections()
  for i = 1, tonumber(nextArg()) do sections[i] = loadSection(KEYS[i], nextArg()) end
end

local reply = {}
local function addToReply(value) reply[#reply + 1] = value end
local function addStates()
  for _, s in ipairs(sections) do
    save(s)
    for _, part in ipairs({ stateOf(s) }) do addToReply(part) end
  end
end
`
