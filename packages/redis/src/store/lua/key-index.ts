/**
 * The key index: a sorted set of the keys of a section's documents, all with score 0, so that Redis orders them by their bytes.
 *
 * A commit adds a document's key before it creates the document, and removes it after the deletion. Keys of expired documents stay
 * until a listing or a creation with a TTL looks at them, so a member counts only while its document exists.
 *
 * The member '' marks a complete index. It is part of the index, so it cannot outlive it. A section that was written without an
 * index has no mark; the first listing adds its keys (see `indexLua`).
 */
export const keyIndexLua: string = `
-- U+10FFFF followed by '~' stands for itself; followed by four hex digits it is a lone surrogate, which UTF-8 cannot encode
local LAST = '\\244\\143\\191\\191'
local CONTROLS = { b = '\\b', f = '\\f', n = '\\n', r = '\\r', t = '\\t' }
local ESCAPES = { ['\\b'] = '\\\\b', ['\\f'] = '\\\\f', ['\\n'] = '\\\\n', ['\\r'] = '\\\\r', ['\\t'] = '\\\\t', ['"'] = '\\\\"',
  ['\\\\'] = '\\\\\\\\' }

local function keyIndex(s) return s.prefix .. 'keys' end

-- The index member of a document's part of its key: the text without its escapes.
local function memberOf(part)
  if not string.find(part, '[\\\\\\244]') then return part end
  local text = string.gsub(part, LAST, LAST .. '~')
  return (string.gsub(text, '\\\\(.)(%x?%x?%x?%x?)', function(kind, hex)
    if kind ~= 'u' then return (CONTROLS[kind] or kind) .. hex end
    return string.sub(hex, 1, 1) == 'd' and LAST .. hex or string.char(tonumber(hex, 16))
  end))
end

-- The key of a member's document, escaped like \`escapePart\` does.
local function documentKeyOf(s, member)
  local part = member
  if string.find(member, '[^%w_.@/+=~ -]') then
    part = string.gsub(member, '[%z\\1-\\31"\\\\:{}]', function(c) return ESCAPES[c] or string.format('\\\\u%04x', string.byte(c)) end)
    part = string.gsub(part, LAST .. '(%x%x%x%x)', '\\\\u%1')
    part = string.gsub(part, LAST .. '~', LAST)
  end
  return string.sub(s.prefix, 1, -2) .. part
end

-- Removes members whose documents do not exist. Returns the others, in order.
local function existingMembers(s, members)
  local existing, gone = {}, {}
  for _, member in ipairs(members) do
    if member == '' or redis.call('EXISTS', documentKeyOf(s, member)) == 1 then existing[#existing + 1] = member
    else gone[#gone + 1] = member end
  end
  for from = 1, #gone, CHUNK do redis.call('ZREM', keyIndex(s), unpack(gone, from, math.min(from + CHUNK - 1, #gone))) end
  return existing
end
`
