import { appendLua } from '../../stream-entry.ts'
import { sectionLua } from './section.ts'

/**
 * Commits a group. Each request is checked whole before its first write, and stands alone: what it cannot do it answers.
 *
 * An answer is one text, the same in the op memory and in the reply:
 *   c <attempt> <generation> <version> <sequence> <existed> <epoch>⏎<origin>⏎<change>   committed
 *   u <attempt> <generation> <version>                                                   unchanged
 *   x <attempt> <generation> <version> <reason>⏎<field>                                  conflict
 * and never remembered: e (epoch), d (definition), f (forgotten), w <message> (cannot be served), a <message> (try again)
 */
export const commitLua: string = `${sectionLua}${appendLua}
local maxChanges, maxAge, halfEntries, halfBytes, opResultTtl, tombstoneTtl, maxPayload, publish, maxFrames =
  int(settings[2]), settings[3], settings[4], settings[5], settings[6], settings[7], settings[8], settings[9], settings[10]
local outbox, outboxChannel = settings[11], settings[12]

-- All numbers of the call stand in one array, and texts that requests share (epochs, origins, …) once in a list.
local numbers, numberIndex, shared = nil, 0, {}
local function nextNumber()
  numberIndex = numberIndex + 1
  return numbers[numberIndex]
end
local function nextSharedText() return shared[nextNumber()] end

local function readRequest(key)
  local r = {
    key = key, section = sections[nextNumber()], attempt = nextNumber(), bornAnswers = nextNumber(), kept = nextNumber() == 1,
    delete = nextNumber() == 1, replace = nextNumber() == 1, create = nextNumber() == 1, ttl = nextNumber(), expects = nextNumber() == 1,
    readSequence = nextNumber(), generation = nextNumber(), version = nextNumber(), undeleted = nextNumber() == 1,
    bornEpoch = nextSharedText(), epoch = nextSharedText(), readEpoch = nextSharedText(), origin = nextSharedText(), meta = nextSharedText(),
    subscribeBy = nextSharedText(), digest = nextSharedText(), expected = {}, fields = {}, id = nextArg(), json = nextArg(),
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

-- The part of a document's key that is its own.
local function documentPart(r) return string.sub(r.key, #r.section.prefix) end

-- ---- the op memory --------------------------------------------------------------------------------------------------

local function callerIdKey(r) return r.section.prefix .. 'op:' .. documentPart(r) .. ':' .. r.id end
local function opMemoryKey(s, which) return s.prefix .. 'answers:' .. which end

-- Those of the two halves that there are.
local function opMemoryKeys(s)
  local keys = {}
  if s.answers > s.rotatedAt then keys[1] = opMemoryKey(s, s.half) end
  if s.rotatedAt > 0 then keys[#keys + 1] = opMemoryKey(s, 1 - s.half) end
  return keys
end

-- A conflict answers the attempts up to its own, everything else every attempt.
local function lookUpResult(s, r)
  local stored
  if r.kept then stored = redis.call('GET', callerIdKey(r))
  else
    for _, key in ipairs(opMemoryKeys(s)) do stored = stored or redis.call('HGET', key, r.id) end
  end
  if not stored then return nil end
  local attempt = string.match(stored, '^x (%d+)')
  if attempt and r.attempt > tonumber(attempt) then return nil end
  return stored
end

-- Two halves, of which the older is dropped whole; not while the slot moves, for then none can be begun.
local function storeResult(s, r, answer, size)
  if r.kept then
    redis.call('SET', callerIdKey(r), answer, 'PX', int(opResultTtl))
    return
  end
  if s.slotStable and (s.answers - s.rotatedAt >= halfEntries or s.answerText >= halfBytes) then
    s.half = 1 - s.half
    redis.call('UNLINK', opMemoryKey(s, s.half))
    s.floor, s.rotatedAt, s.answerText, s.dirty = s.rotatedAt, s.answers, 0, true
  end
  s.answerText = s.answerText + size
  s.answers = s.answers + 1
  redis.call('HSET', opMemoryKey(s, s.half), r.id, answer)
end

-- May it have been answered and forgotten since? Then it must not run, for it may run twice.
local function mayBeForgotten(s, r)
  if r.bornEpoch == s.epoch then return r.bornAnswers < s.floor end
  local _, answers = findFork(s, r.bornEpoch)
  return answers == nil or math.min(r.bornAnswers, answers) < s.floor
end

-- ---- the document ---------------------------------------------------------------------------------------------------

-- The document as far as the request is about it.
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

-- What of the expectation does not hold; from the document's life down to single fields.
local function failedExpectation(s, r, document)
  if not r.expects then return nil end
  if not isInHistory(s, r.readEpoch, r.readSequence) then return 'generation' end
  if r.generation == 0 and document then return 'exists' end
  if r.undeleted then
    local deleted = tonumber(redis.call('GET', s.prefix .. 'deleted:' .. documentPart(r)) or nil)
    if deleted and deleted > r.readSequence then return 'deleted' end
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

-- What a write does to each field, with the version after it.
local function buildEdits(r, document)
  local edits, touched = {}, {}
  for _, field in ipairs(r.fields) do
    local stored = document and document.versions[field.name .. ':version']
    touched[field.name] = true
    if field.whole or stored then
      local edit = { name = field.name, version = fieldVersion(document, field.name) + 1, whole = field.whole }
      -- right only on the value that it was taken from: this life, this version, and present
      local sameLife = r.expects and r.generation == (document and document.generation or -1)
      if field.delta and sameLife and field.base == stored then edit.delta = field.delta end
      edits[#edits + 1] = edit
    end
  end
  if r.replace and document then
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
      -- its counter lives on in the floor, so that no version of it comes twice
      floor = math.max(floor, edit.version)
    end
  end
  if floor > (document and document.floor or 0) then put('VersionId:floor', int(floor)) end
  for from = 1, #set, CHUNK do redis.call('HSET', r.key, unpack(set, from, math.min(from + CHUNK - 1, #set))) end
  for from = 1, #removed, CHUNK do redis.call('HDEL', r.key, unpack(removed, from, math.min(from + CHUNK - 1, #removed))) end
  if r.ttl >= 0 then redis.call('PEXPIRE', r.key, int(math.ceil(r.ttl)))
  elseif document then redis.call('PERSIST', r.key) end
end

-- ---- the commit -----------------------------------------------------------------------------------------------------

local function commit(s, r, document, edits)
  local sequence = s.sequence + 1
  local generation = document and document.generation or sequence
  local version = (document and document.version or 0) + 1
  local sequenceText, generationText, versionText = int(sequence), int(generation), int(version)
  local head = '[' .. r.json .. ',' .. generationText .. ',' .. versionText .. ',' .. sequenceText .. ',' .. nowText .. ','
  local tail = r.meta == '' and ']' or ',' .. r.meta .. ']'
  local change = head .. (edits and encodeEdits(edits) or 'null') .. tail

  -- first of all, for it alone can be refused: its ids only rise
  redis.call('XADD', s.prefix .. 'log', 'MAXLEN', '~', maxChanges, sequenceText, 'change', change, 'origin', r.origin,
    'time', nowText)
  s.sequence, s.committed = sequence, s.committed + 1
  s.oldest = s.oldest or now
  if r.digest ~= '' and r.digest ~= s.digest then
    s.subscribeBy, s.digest = r.subscribeBy, r.digest
    redis.call('HSET', s.meta, 'subscribeBy', s.subscribeBy, 'digest', s.digest)
  end
  if edits then writeFields(r, document, edits, generationText, versionText)
  else
    redis.call('DEL', r.key)
    redis.call('SET', s.prefix .. 'deleted:' .. documentPart(r), sequenceText, 'PX', int(tombstoneTtl))
  end
  r.sent = { epoch = s.epoch, origin = r.origin, text = change, head = head, tail = tail }
  return 'c ' .. r.attempt .. ' ' .. generationText .. ' ' .. versionText .. ' ' .. sequenceText .. ' ' ..
    (document and '1 ' or '0 ') .. s.epoch .. '\\n' .. r.origin .. '\\n' .. change, #change
end

local function encodeVersions(r, document)
  return r.attempt .. ' ' .. (document and int(document.generation) .. ' ' .. int(document.version) or '0 0')
end

local function execute(s, r, document)
  local reason, field = failedExpectation(s, r, document)
  if not reason and not r.delete and not document and not r.create then reason = 'absent' end
  if reason then return 'x ' .. encodeVersions(r, document) .. ' ' .. reason .. '\\n' .. (field or ''), 0 end
  if r.delete then return commit(s, r, document) end
  local edits = buildEdits(r, document)
  if document and #edits == 0 then return 'u ' .. encodeVersions(r, document), 0 end
  return commit(s, r, document, edits)
end

local function handle(r)
  local s = r.section
  -- the memory is asked before the epoch: what was done in an ancestor is not to be done again
  local stored = lookUpResult(s, r)
  if stored then return stored end
  if mayBeForgotten(s, r) then return 'f' end
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
  if string.find(message, 'WRONGTYPE', 1, true) then return 'w ' .. message end
  if string.find(message, 'equal or smaller', 1, true) then
    -- the log is ahead of the counters: they were lost and begun again
    resetSection(r.section)
    return 'e'
  end
  return 'a ' .. message
end

-- ---- what follows a commit ------------------------------------------------------------------------------------------

-- Drops from the log what is too old, a page at a time: faster than a group can add.
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
  if s.committed > 0 then trimLog(s) end
  save(s)
  redis.call('HSET', s.meta, 'sequence', int(s.sequence), 'answers', int(s.answers), 'answerText', int(s.answerText),
    'oldest', int(s.oldest or now))
end

-- A change without its edits; without its meta too where even that is too long.
local function shortenChange(sent, limit)
  local omitted = sent.head .. '0' .. sent.tail
  return #omitted <= limit and omitted or sent.head .. '0]'
end

-- How a frame is sent, by the name of the way. \`about\`: the only document that it is for, where the section is followed by key.
-- False: those who listen are not here, and its writer sends it.
local publishers = {}

local function channel(destination, about) return about and destination .. ':' .. documentPart(about) or destination end

function publishers.PUBLISH(s, destination, frame, about)
  redis.call('PUBLISH', channel(destination, about), frame)
  return true
end

function publishers.SPUBLISH(s, destination, frame, about)
  if redis.call('SPUBLISH', channel(destination, about), frame) > 0 then return true end
  -- while its slot is being moved they listen at the other node
  return s.slotStable
end

function publishers.XADD(s, destination, frame, about)
  if about then
    redis.call('XADD', destination, 'MAXLEN', '~', int(maxFrames), '*', 'frame', frame, 'key', about.json)
  else
    redis.call('XADD', destination, 'MAXLEN', '~', int(maxFrames), '*', 'frame', frame)
  end
  return true
end

publishers['XADD SPUBLISH'] = function(s, destination, frame, about)
  -- the stream itself may be at the other node: another one must not begin here
  if not s.slotStable then return false end
  append(destination, frame, about and about.json, int(maxFrames))
  return true
end

-- Frames as the codec makes them: as many changes in one as share epoch and origin and fit.
local function publishFrames(destination, requests, about)
  local s = requests[1].section
  local texts, bytes, head, delivered = {}, 0, nil, true
  local function flush()
    if #texts > 0 then
      delivered = publishers[publish](s, destination, head .. table.concat(texts, ',') .. ']]', about) and delivered
    end
    texts = {}
  end
  for _, r in ipairs(requests) do
    local frameHead = '[1,"' .. r.sent.epoch .. '",' .. r.sent.origin .. ',['
    local text, envelope = r.sent.text, #frameHead + 2
    if envelope + #text > maxPayload then text = shortenChange(r.sent, maxPayload - envelope) end
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

-- Committed it is, whatever becomes of the frame: if not here, its writer sends it.
local function tryPublish(...)
  local done, delivered = pcall(publishFrames, ...)
  return done and delivered
end

local function publishAll(requests, destinations)
  local bySection = {}
  for _, r in ipairs(requests) do
    local destination = destinations[r.section]
    if r.sent and destination ~= '' then
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

-- Before the first write: what cannot be noted for a relay is not done.
local function enqueueForRelay(s)
  local name = string.sub(s.prefix, 1, -3)
  if redis.call('ZSCORE', outbox, name) then return end
  if not s.slotStable then tryAgain() end
  local cursor = s.prefix .. 'relayed'
  if redis.call('EXISTS', cursor) == 0 then redis.call('HSET', cursor, 'epoch', s.epoch, 'sequence', int(s.sequence)) end
  redis.call('ZADD', outbox, nowText, name)
  s.enqueued = true
  if outboxChannel ~= '' then redis.call('PUBLISH', outboxChannel, name) end
end

-- What a commit makes anew while the slot moves is in the way of its like on the other side, and what it looks for may be there.
local function canServe(r)
  local s = r.section
  return s.slotStable or not (r.kept or r.delete) and
    keysAreLocal(s.meta, s.prefix .. 'log', unpack(opMemoryKeys(s)))
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
  r.answer = handleSafely(r)
  local s = r.section
  r.after = int(s.sequence) .. ' ' .. int(s.answers) .. ' ' .. (s.subscribeBy and s.subscribeBy .. ' ' .. s.digest or '')
end
for _, s in ipairs(sections) do finishSection(s) end
publishAll(requests, destinations)
addStates()
for _, r in ipairs(requests) do
  -- who sends it: its writer, nobody any more, or a relay that its writer has to tell
  addToReply((r.section.enqueued and outboxChannel == '' and '2 ' or (r.published or outbox ~= '') and '1 ' or '0 ') .. r.after)
  addToReply(r.answer)
end
return reply
`
