import { appendLua } from '../../stream-entry.ts'
import { keyIndexLua } from './key-index.ts'
import { sectionLua } from './section.ts'

/**
 * Commits a group. Each request is independent, and is checked completely before its first write. A failure is the result of its
 * request only.
 *
 * A result is one text, the same in the op memory and in the reply:
 *   c <attempt> <generation> <version> <sequence> <existed> <epoch>⏎<origin>⏎<change>   committed
 *   u <attempt> <generation> <version>                                                   unchanged
 *   x <attempt> <generation> <version> <reason>⏎<field>                                  conflict
 * Never stored in the op memory:
 *   e             stale epoch
 *   d             definition mismatch
 *   f             the operation's result was dropped
 *   w <message>   rejected, such as a key of another type or a missing permission
 *   a <message>   not executed; can be retried
 */
export const commitLua: string = `${sectionLua}${keyIndexLua}${appendLua}
local maxChanges, maxAge, halfEntries, halfBytes, opResultTtl, tombstoneTtl, maxPayload, publish, maxFrames =
  int(settings[2]), settings[3], settings[4], settings[5], settings[6], settings[7], settings[8], settings[9], settings[10]
local outbox, outboxChannel = settings[11], settings[12]

-- All numbers of the call are in one array. Texts that requests share (epochs, origins, …) are in a list, once each.
local numbers, numberIndex, shared = nil, 0, {}
local function nextNumber()
  numberIndex = numberIndex + 1
  return numbers[numberIndex]
end
local function nextSharedText() return shared[nextNumber()] end

local function readRequest(key)
  local r = {
    key = key, section = sections[nextNumber()],
    attempt = nextNumber(), idOriginCount = nextNumber(), callerGiven = nextNumber() == 1,
    delete = nextNumber() == 1, removeOthers = nextNumber() == 1, allowCreate = nextNumber() == 1, ttl = nextNumber(),
    hasExpectation = nextNumber() == 1, readAtSequence = nextNumber(),
    generation = nextNumber(), version = nextNumber(), notDeleted = nextNumber() == 1,
    idOriginEpoch = nextSharedText(), epoch = nextSharedText(), readAtEpoch = nextSharedText(),
    origin = nextSharedText(), meta = nextSharedText(), subscribeBy = nextSharedText(), digest = nextSharedText(),
    expected = {}, fields = {}, opId = nextArg(), keyJson = nextArg(),
  }
  for i = 1, nextNumber() do r.expected[i] = { name = nextArg(), version = nextNumber() } end
  for i = 1, nextNumber() do
    local base = nextNumber()
    local field = { name = nextArg(), base = base }
    if base > -2 then field.whole = nextArg() end
    if base > -1 then field.delta = nextArg() end
    r.fields[i] = field
  end
  return r
end

-- The document's part of its key, without the leading colon.
local function documentPart(r) return string.sub(r.key, #r.section.prefix) end

-- ---- the op memory --------------------------------------------------------------------------------------------------

local function callerIdKey(r) return r.section.prefix .. 'op:' .. documentPart(r) .. ':' .. r.opId end
local function opMemoryKey(s, which) return s.prefix .. 'answers:' .. which end

-- The halves of the op memory that exist.
local function opMemoryKeys(s)
  local keys = {}
  if s.opResultCount > s.rotatedAtCount then keys[1] = opMemoryKey(s, s.activeHalf) end
  if s.rotatedAtCount > 0 then keys[#keys + 1] = opMemoryKey(s, 1 - s.activeHalf) end
  return keys
end

-- A stored conflict is the result of attempts up to its own; any other stored result is that of every attempt.
local function lookUpResult(s, r)
  local stored
  if r.callerGiven then stored = redis.call('GET', callerIdKey(r))
  else
    for _, key in ipairs(opMemoryKeys(s)) do stored = stored or redis.call('HGET', key, r.opId) end
  end
  if not stored then return nil end
  local attempt = string.match(stored, '^x (%d+)')
  if attempt and r.attempt > tonumber(attempt) then return nil end
  return stored
end

-- The op memory has two halves, and drops the older one as a whole. Not while the slot migrates: then no key can be created.
local function storeResult(s, r, result, size)
  if r.callerGiven then
    redis.call('SET', callerIdKey(r), result, 'PX', int(opResultTtl))
    return
  end
  if s.slotStable and (s.opResultCount - s.rotatedAtCount >= halfEntries or s.opResultBytes >= halfBytes) then
    s.activeHalf = 1 - s.activeHalf
    redis.call('UNLINK', opMemoryKey(s, s.activeHalf))
    s.droppedCount, s.rotatedAtCount, s.opResultBytes, s.dirty = s.rotatedAtCount, s.opResultCount, 0, true
  end
  s.opResultBytes = s.opResultBytes + size
  s.opResultCount = s.opResultCount + 1
  redis.call('HSET', opMemoryKey(s, s.activeHalf), r.opId, result)
end

-- True if the operation may have been executed and its result dropped since. Then it must not run, because it could run twice.
local function mayHaveBeenDropped(s, r)
  if r.idOriginEpoch == s.epoch then return r.idOriginCount < s.droppedCount end
  local _, opResultCount = findFork(s, r.idOriginEpoch)
  return opResultCount == nil or math.min(r.idOriginCount, opResultCount) < s.droppedCount
end

-- ---- the document ---------------------------------------------------------------------------------------------------

-- Reads the document's counters, and the versions of the fields in the request.
local function readDocument(r)
  local names = { 'VersionId:generation', 'VersionId:latest', 'VersionId:floor' }
  for i, each in ipairs(r.expected) do names[i + 3] = each.name .. ':version' end
  for _, each in ipairs(r.fields) do names[#names + 1] = each.name .. ':version' end
  local document = { versions = {} }
  for from = 1, #names, CHUNK do
    local to = math.min(from + CHUNK - 1, #names)
    local values = redis.call('HMGET', r.key, unpack(names, from, to))
    for i = from, to do document.versions[names[i]] = tonumber(values[i - from + 1] or nil) end
  end
  document.generation = document.versions['VersionId:generation']
  if not document.generation then return nil end
  document.version = document.versions['VersionId:latest']
  document.floor = document.versions['VersionId:floor'] or 0
  return document
end

local function fieldVersion(document, name)
  if not document then return 0 end
  return document.versions[name .. ':version'] or document.floor
end

-- The first part of the expectation that does not hold, checked from the generation down to single fields.
local function failedExpectation(s, r, document)
  if not r.hasExpectation then return nil end
  if not isInHistory(s, r.readAtEpoch, r.readAtSequence) then return 'generation' end
  if r.generation == 0 and document then return 'exists' end
  if r.notDeleted then
    local deleted = tonumber(redis.call('GET', s.prefix .. 'deleted:' .. documentPart(r)) or nil)
    if deleted and deleted > r.readAtSequence then return 'deleted' end
  end
  if r.generation > 0 and not document then return 'absent' end
  if r.generation > 0 and r.generation ~= document.generation then return 'generation' end
  if r.version >= 0 and r.version ~= (document and document.version or 0) then return document and 'version' or 'absent' end
  for _, each in ipairs(r.expected) do
    if each.version ~= fieldVersion(document, each.name) then
      if document then return 'field', each.name end
      return 'absent'
    end
  end
  return nil
end

-- The edit of each field, with the field's new version.
local function buildEdits(r, document)
  local edits, touched = {}, {}
  for _, field in ipairs(r.fields) do
    local stored = document and document.versions[field.name .. ':version']
    touched[field.name] = true
    if field.whole or stored then
      local edit = { name = field.name, version = fieldVersion(document, field.name) + 1, whole = field.whole }
      -- a delta is valid only on its base value: same generation, same field version, and the field present
      local sameGeneration = r.hasExpectation and r.generation == (document and document.generation or -1)
      if field.delta and sameGeneration and field.base == stored then edit.delta = field.delta end
      edits[#edits + 1] = edit
    end
  end
  if r.removeOthers and document then
    local flat = redis.call('HGETALL', r.key)
    for i = 1, #flat, 2 do
      local name = string.match(flat[i], '^(.*):version$')
      if name and not touched[name] then edits[#edits + 1] = { name = name, version = tonumber(flat[i + 1]) + 1 } end
    end
  end
  return edits
end

local function encodeEdits(edits)
  local parts = {}
  for i, edit in ipairs(edits) do
    local head = '["' .. edit.name .. '",' .. int(edit.version)
    if edit.delta then parts[i] = head .. ',1,' .. edit.delta .. ']'
    elseif edit.whole then parts[i] = head .. ',0,' .. edit.whole .. ']'
    else parts[i] = head .. ']' end
  end
  return '[' .. table.concat(parts, ',') .. ']'
end

local function writeFields(r, document, edits, generation, version)
  local set = { 'VersionId:latest', version, 'VersionId:epoch', r.section.epoch, 'VersionId:changed', nowText }
  local function put(name, value)
    set[#set + 1] = name
    set[#set + 1] = value
  end
  if not document then put('VersionId:generation', generation) end
  local removed, floor = {}, document and document.floor or 0
  for _, edit in ipairs(edits) do
    if edit.whole then
      put(edit.name .. ':latest', edit.whole)
      put(edit.name .. ':version', int(edit.version))
    else
      removed[#removed + 1] = edit.name .. ':latest'
      removed[#removed + 1] = edit.name .. ':version'
      -- the floor keeps the counter, so that no field version is used twice
      floor = math.max(floor, edit.version)
    end
  end
  if floor > (document and document.floor or 0) then put('VersionId:floor', int(floor)) end
  for from = 1, #set, CHUNK do redis.call('HSET', r.key, unpack(set, from, math.min(from + CHUNK - 1, #set))) end
  for from = 1, #removed, CHUNK do redis.call('HDEL', r.key, unpack(removed, from, math.min(from + CHUNK - 1, #removed))) end
  if r.ttl >= 0 then redis.call('PEXPIRE', r.key, int(math.ceil(r.ttl)))
  elseif document then redis.call('PERSIST', r.key) end
end

-- ---- the key index --------------------------------------------------------------------------------------------------

-- Adds the document's key. Runs before the first write of the commit: a key without a document does no harm.
local function addToIndex(s, r)
  -- documents that expire leave the index here: each creation removes up to three of them
  if r.ttl >= 0 and s.slotStable then existingMembers(s, redis.call('ZRANDMEMBER', keyIndex(s), 3)) end
  redis.call('ZADD', keyIndex(s), 0, memberOf(documentPart(r)))
  -- nothing else is in the section, so the index is complete
  if s.sequence == 0 then redis.call('ZADD', keyIndex(s), 0, '') end
end

-- Removes the key of a deleted document. A failure does no harm.
local function removeFromIndex(s, r) redis.pcall('ZREM', keyIndex(s), memberOf(documentPart(r))) end

-- ---- the commit -----------------------------------------------------------------------------------------------------

local function commit(s, r, document, edits)
  local sequence = s.sequence + 1
  local generation = document and document.generation or sequence
  local version = (document and document.version or 0) + 1
  local sequenceText, generationText, versionText = int(sequence), int(generation), int(version)
  local head = '[' .. r.keyJson .. ',' .. generationText .. ',' .. versionText .. ',' .. sequenceText .. ',' .. nowText .. ','
  local tail = r.meta == '' and ']' or ',' .. r.meta .. ']'
  local change = head .. (edits and encodeEdits(edits) or 'null') .. tail

  if edits and not document then addToIndex(s, r) end
  -- the first write of the commit itself, because it alone can fail: stream ids must rise
  redis.call('XADD', s.prefix .. 'log', 'MAXLEN', '~', maxChanges, sequenceText, 'change', change, 'origin', r.origin,
    'time', nowText)
  r.started = true
  s.sequence, s.commitCount = sequence, s.commitCount + 1
  s.oldest = s.oldest or now
  if r.digest ~= '' and r.digest ~= s.digest then
    s.subscribeBy, s.digest = r.subscribeBy, r.digest
    redis.call('HSET', s.meta, 'subscribeBy', s.subscribeBy, 'digest', s.digest)
  end
  if edits then writeFields(r, document, edits, generationText, versionText)
  else
    redis.call('DEL', r.key)
    redis.call('SET', s.prefix .. 'deleted:' .. documentPart(r), sequenceText, 'PX', int(tombstoneTtl))
    if document then removeFromIndex(s, r) end
  end
  r.toPublish = { epoch = s.epoch, origin = r.origin, text = change, head = head, tail = tail }
  return 'c ' .. r.attempt .. ' ' .. generationText .. ' ' .. versionText .. ' ' .. sequenceText .. ' ' ..
    (document and '1 ' or '0 ') .. s.epoch .. '\\n' .. r.origin .. '\\n' .. change, #change
end

local function encodeVersions(r, document)
  return r.attempt .. ' ' .. (document and int(document.generation) .. ' ' .. int(document.version) or '0 0')
end

local function execute(s, r, document)
  local reason, field = failedExpectation(s, r, document)
  if not reason and not r.delete and not document and not r.allowCreate then reason = 'absent' end
  if reason then return 'x ' .. encodeVersions(r, document) .. ' ' .. reason .. '\\n' .. (field or ''), 0 end
  if r.delete then return commit(s, r, document) end
  local edits = buildEdits(r, document)
  if document and #edits == 0 then return 'u ' .. encodeVersions(r, document), 0 end
  return commit(s, r, document, edits)
end

local function handle(r)
  local s = r.section
  if r.delete then requireWriteAccess(s.prefix .. 'deleted:' .. documentPart(r)) end
  if r.callerGiven then requireWriteAccess(callerIdKey(r)) end
  -- look up the result before the epoch check: an operation that ran in an ancestor epoch must not run again
  local stored = lookUpResult(s, r)
  if stored then return stored end
  if mayHaveBeenDropped(s, r) then return 'f' end
  if r.epoch ~= s.epoch then return 'e' end
  if r.subscribeBy ~= '' and s.subscribeBy and s.subscribeBy ~= r.subscribeBy then return 'd' end
  local document = readDocument(r)
  checkCounters(s, document and document.generation)
  if r.epoch ~= s.epoch then return 'e' end
  local text, size = execute(s, r, document)
  storeResult(s, r, text, size)
  return text
end

local function handleSafely(r)
  local ok, result = pcall(handle, r)
  if ok then return result end
  local message = type(result) == 'table' and result.err or tostring(result)
  -- never sent again once a part is written: that would execute the request twice
  if r.started then return 'w the commit was executed in part: ' .. message end
  for _, rejection in ipairs({ 'WRONGTYPE', 'NOPERM', 'The user executing the script', 'OOM ' }) do
    if string.find(message, rejection, 1, true) then return 'w ' .. message end
  end
  if string.find(message, 'equal or smaller', 1, true) then
    -- the log is ahead of the counters: they were lost and restarted
    resetSection(r.section)
    return 'e'
  end
  return 'a ' .. message
end

-- ---- after the commits ----------------------------------------------------------------------------------------------

-- Removes old changes from the log, up to a page per call. That is faster than one group can add them.
local function trimLog(s)
  local log = s.prefix .. 'log'
  redis.call('PEXPIRE', log, int(math.ceil(maxAge)))
  if not s.oldest or now - s.oldest <= maxAge then return end
  local entries = redis.call('XRANGE', log, '-', '+', 'COUNT', 200)
  for _, entry in ipairs(entries) do
    s.oldest = tonumber(entry[2][6])
    if now - s.oldest <= maxAge then
      redis.call('XTRIM', log, 'MINID', '=', entry[1])
      return
    end
  end
  local last = entries[#entries]
  if last then redis.call('XTRIM', log, 'MINID', '=', last[1]) end
end

local function finishSection(s)
  if s.commitCount > 0 then trimLog(s) end
  save(s)
  redis.call('HSET', s.meta, 'sequence', int(s.sequence), 'answers', int(s.opResultCount), 'answerText', int(s.opResultBytes),
    'oldest', int(s.oldest or now))
end

-- The change without its edits, and without its meta if it is still too long.
local function shortenChange(change, limit)
  local omitted = change.head .. '0' .. change.tail
  return #omitted <= limit and omitted or change.head .. '0]'
end

-- Sends a frame, by command. \`document\` is the frame's document if the section has subscribeBy 'document'.
-- Returns false if the subscribers are on another node; then the writer publishes.
local publishers = {}

local function channel(destination, document) return document and destination .. ':' .. documentPart(document) or destination end

function publishers.PUBLISH(s, destination, frame, document)
  publishCall('PUBLISH', channel(destination, document), frame)
  return true
end

function publishers.SPUBLISH(s, destination, frame, document)
  if publishCall('SPUBLISH', channel(destination, document), frame) > 0 then return true end
  -- while the slot migrates, the subscribers may be on the other node
  return s.slotStable
end

function publishers.XADD(s, destination, frame, document)
  if document then
    publishCall('XADD', destination, 'MAXLEN', '~', int(maxFrames), '*', 'frame', frame, 'key', document.keyJson)
  else
    publishCall('XADD', destination, 'MAXLEN', '~', int(maxFrames), '*', 'frame', frame)
  end
  return true
end

publishers['XADD SPUBLISH'] = function(s, destination, frame, document)
  -- the stream may be on the other node: a second one must not be created here
  if not s.slotStable then return false end
  append(destination, frame, document and document.keyJson, int(maxFrames))
  return true
end

-- Builds frames as the codec does: consecutive changes with equal epoch and origin share a frame while they fit.
local function publishFrames(destination, requests, document)
  local s = requests[1].section
  local texts, bytes, head, delivered = {}, 0, nil, true
  local function flush()
    if #texts > 0 then
      delivered = publishers[publish](s, destination, head .. table.concat(texts, ',') .. ']]', document) and delivered
    end
    texts = {}
  end
  for _, r in ipairs(requests) do
    local frameHead = '[1,"' .. r.toPublish.epoch .. '",' .. r.toPublish.origin .. ',['
    local text, envelope = r.toPublish.text, #frameHead + 2
    if envelope + #text > maxPayload then text = shortenChange(r.toPublish, maxPayload - envelope) end
    if #texts == 0 or frameHead ~= head or bytes + 1 + #text > maxPayload then
      flush()
      head, bytes = frameHead, envelope - 1
    end
    texts[#texts + 1] = text
    bytes = bytes + #text + 1
  end
  flush()
  return delivered
end

-- The commit has been executed, so a publish error must not fail it: then the writer publishes.
local function tryPublish(...)
  local done, delivered = pcall(publishFrames, ...)
  return done and delivered
end

local function publishAll(requests, destinations)
  local bySection = {}
  for _, r in ipairs(requests) do
    local destination = destinations[r.section]
    if r.toPublish and destination ~= '' then
      if r.subscribeBy == 'document' then r.published = tryPublish(destination, { r }, r)
      else
        bySection[r.section] = bySection[r.section] or {}
        table.insert(bySection[r.section], r)
      end
    end
  end
  for s, group in pairs(bySection) do
    local published = tryPublish(destinations[s], group)
    for _, r in ipairs(group) do r.published = published end
  end
end

-- Runs before the first write: a section that cannot be added to the outbox must not commit.
local outboxCall = redis.call
local function enqueueForRelay(s)
  local name = string.sub(s.prefix, 1, -3)
  if outboxCall('ZSCORE', outbox, name) then return end
  if not s.slotStable then tryAgain() end
  local cursor = s.prefix .. 'relayed'
  requireWriteAccess(outbox, cursor)
  if not redis.acl_check_cmd('ZADD', outbox) then error({ err = "NOPERM the user may not run 'zadd' on the key " .. outbox }) end
  if outboxChannel ~= '' and not redis.acl_check_cmd('PUBLISH', outboxChannel, name) then
    error({ err = "NOPERM the user may not run 'publish' on the channel " .. outboxChannel })
  end
  if redis.call('EXISTS', cursor) == 0 then redis.call('HSET', cursor, 'epoch', s.epoch, 'sequence', int(s.sequence)) end
  outboxCall('ZADD', outbox, nowText, name)
  s.enqueued = true
  if outboxChannel ~= '' then outboxCall('PUBLISH', outboxChannel, name) end
end

-- While the slot migrates, a key created here would collide with the same key on the other node, and the other node may have the
-- keys to read.
local function canServe(r)
  local s = r.section
  return s.slotStable or not (r.callerGiven or r.delete) and
    keysAreLocal(s.meta, s.prefix .. 'log', keyIndex(s), unpack(opMemoryKeys(s)))
end

loadSections()
for _, s in ipairs(sections) do s.slotStable = isSlotStable(s) end
if outbox ~= '' then
  for _, s in ipairs(sections) do enqueueForRelay(s) end
end
local destinations = {}
for _, s in ipairs(sections) do destinations[s] = nextArg() end
for i = 1, tonumber(nextArg()) do shared[i] = nextArg() end
numbers = cjson.decode(nextArg())
local requests = {}
for i = 1, nextNumber() do
  requests[i] = readRequest(KEYS[#sections + i])
  if not canServe(requests[i]) then tryAgain() end
end
for _, r in ipairs(requests) do
  r.result = handleSafely(r)
  local s = r.section
  r.after = int(s.sequence) .. ' ' .. int(s.opResultCount) .. ' ' .. (s.subscribeBy and s.subscribeBy .. ' ' .. s.digest or '')
end
for _, s in ipairs(sections) do finishSection(s) end
publishAll(requests, destinations)
addStates()
for _, r in ipairs(requests) do
  -- 0: the writer must publish, 1: nothing is left to do, 2: the writer must notify the relay
  addToReply((r.section.enqueued and outboxChannel == '' and '2 ' or (r.published or outbox ~= '') and '1 ' or '0 ') .. r.after)
  addToReply(r.result)
end
return reply
`
