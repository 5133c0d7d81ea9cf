/**
 * Common beginning of every script: reads the clock and the server's identity, once per call, and loads the call's sections. Loading
 * detects a server that may have lost commits, and begins a new epoch.
 *
 * A section's counters are in the hash `<partition>:<section>::meta`. With the same prefix exist
 * - `log`: a stream whose ids are sequences,
 * - `keys`: the key index (see `keyIndexLua`),
 * - `answers:0` and `answers:1`: the two halves of the op memory,
 * - `op:<key>:<id>`: results under callers' idempotency keys,
 * - `deleted:<key>`: tombstones.
 *
 * Numbers are doubles, as in JavaScript: exact up to 2^53. Print them with `int`, because Lua prints 1e14 as "1e+14".
 */
export const sectionLua: string = `
local settings = cjson.decode(ARGV[1])
local maxLineage = settings[1]

local clock = redis.call('TIME')
local seconds, micros = tonumber(clock[1]), tonumber(clock[2])
local now = seconds * 1000 + micros / 1000
-- milliseconds with up to three decimals, as JSON.stringify prints the number
local nowText = string.gsub(string.format('%.3f', now), '%.?0+$', '')

-- changes at every start and every promotion of a server
local identity = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')

local function int(n) return string.format('%.0f', n) end

local argIndex = 1
local function nextArg()
  argIndex = argIndex + 1
  return ARGV[argIndex]
end

-- Lua cannot pass more than a few thousand values to a function
local CHUNK = 2000

-- Begins an epoch. The caller's candidate id is unique per call; the identity makes it unique if a client sends the call again.
local function startEpoch(s)
  s.epochsStarted = s.epochsStarted + 1
  s.epoch = s.candidateEpoch .. (s.epochsStarted > 1 and '-' .. s.epochsStarted or '') .. '-' .. string.sub(identity, 1, 8)
  s.identity = identity
  s.dirty = true
end

-- Begins an epoch as a fork of the current one: history up to here is common. Log and op memory continue.
local function forkEpoch(s)
  s.lineage = s.lineage .. ',' .. s.epoch .. ' ' .. int(s.sequence) .. ' ' .. int(s.opResultCount)
  local _, forks = string.gsub(s.lineage, ',', '')
  while forks > maxLineage do
    s.lineage = string.gsub(s.lineage, '^,[^,]*', '', 1)
    forks = forks - 1
  end
  startEpoch(s)
end

-- In a cluster: true if these keys are on this node. While their slot migrates, a node treats absent keys as being on the other one.
local function keysAreLocal(...) return type(redis.pcall('EXISTS', ...)) == 'number' end

-- True if the section's slot is not migrating. Only then can two absent keys be queried.
local function isSlotStable(s)
  return string.sub(s.prefix, 1, 1) ~= '{' or keysAreLocal(s.prefix .. 'absent:0', s.prefix .. 'absent:1')
end

local function tryAgain() error({ err = 'TRYAGAIN the slot is migrating' }) end

-- Fails if the user may not write the keys. Called before the first write: Redis does not undo the writes of a script that fails.
local function requireWriteAccess(...)
  if not redis.acl_check_cmd('DEL', ...) then
    error({ err = 'NOPERM the user may not write one of the keys ' .. table.concat({ ... }, ', ') })
  end
end

-- Begins an epoch without a parent, after the counters were lost. The clock in microseconds is greater than every generation.
local function resetSection(s)
  -- the counters could not be created again here
  if not isSlotStable(s) then tryAgain() end
  s.sequence = seconds * 1000000 + micros
  s.lineage = ''
  s.opResultCount, s.rotatedAtCount, s.opResultBytes, s.droppedCount, s.activeHalf = 0, 0, 0, 0, 0
  s.oldest, s.subscribeBy, s.digest = nil, nil, nil
  redis.call('DEL', s.meta, s.prefix .. 'log', s.prefix .. 'keys', s.prefix .. 'answers:0',
    s.prefix .. 'answers:1')
  startEpoch(s)
end

-- Loads a section. A server with another identity than the saved one may have lost commits: a new epoch begins.
local function loadSection(meta, candidateEpoch)
  local s = { meta = meta, prefix = string.sub(meta, 1, -5), candidateEpoch = candidateEpoch, epochsStarted = 0, commitCount = 0 }
  requireWriteAccess(meta, s.prefix .. 'log', s.prefix .. 'keys', s.prefix .. 'answers:0',
    s.prefix .. 'answers:1')
  local m = redis.call('HMGET', meta, 'epoch', 'identity', 'sequence', 'lineage', 'answers', 'rotatedAt', 'answerText',
    'floor', 'half', 'subscribeBy', 'digest', 'oldest')
  if m[1] then
    s.epoch, s.identity, s.sequence, s.lineage = m[1], m[2], tonumber(m[3]), m[4]
    s.opResultCount, s.rotatedAtCount, s.opResultBytes = tonumber(m[5]), tonumber(m[6]), tonumber(m[7])
    s.droppedCount, s.activeHalf = tonumber(m[8]), tonumber(m[9])
    s.subscribeBy, s.digest, s.oldest = m[10] or nil, m[11] or nil, tonumber(m[12] or nil)
    if s.identity ~= identity then forkEpoch(s) end
  elseif redis.call('EXISTS', s.prefix .. 'log', s.prefix .. 'keys', s.prefix .. 'answers:0',
    s.prefix .. 'answers:1') > 0 then
    resetSection(s)
  else
    s.sequence, s.lineage = 0, ''
    s.opResultCount, s.rotatedAtCount, s.opResultBytes, s.droppedCount, s.activeHalf = 0, 0, 0, 0, 0
    startEpoch(s)
  end
  return s
end

-- A document whose generation is beyond the section's sequence proves that the counters were lost.
local function checkCounters(s, generation)
  if generation and generation > s.sequence then resetSection(s) end
end

local function save(s)
  if s.dirty then
    redis.call('HSET', s.meta, 'epoch', s.epoch, 'identity', s.identity, 'sequence', int(s.sequence), 'lineage', s.lineage,
      'answers', int(s.opResultCount), 'rotatedAt', int(s.rotatedAtCount), 'answerText', int(s.opResultBytes), 'floor', int(s.droppedCount),
      'half', int(s.activeHalf))
  end
end

-- The section state, for the reply.
local function stateOf(s)
  return s.epoch, int(s.sequence) .. ' ' .. int(s.opResultCount), s.lineage, s.subscribeBy or '', s.digest or ''
end

-- The fork at which an ancestor epoch ended: its sequence and its count of operation results.
local function findFork(s, epoch)
  if string.find(epoch, '[ ,]') then return nil end
  local _, at = string.find(s.lineage, ',' .. epoch .. ' ', 1, true)
  if not at then return nil end
  local sequence, opResultCount = string.match(s.lineage, '^(%d+) (%d+)', at + 1)
  return tonumber(sequence), tonumber(opResultCount)
end

-- True if the position is part of the section's history.
local function isInHistory(s, epoch, sequence)
  if epoch == s.epoch then return true end
  local fork = findFork(s, epoch)
  return fork ~= nil and sequence <= fork
end

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
