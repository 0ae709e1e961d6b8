-- Grant up to n permits and remember them; memory.py is the same in Python,
-- storage.py says what is kept.
-- KEYS  log, state
-- ARGV  clock ('' = the server's), id ('' = only look), n, all_or_nothing, must_know, memory,
--       slack, how many rates, {pace, burst}..., {limit, span}...
-- Returns {granted, microseconds until one more, what is in each window then...}, or {-1, 0} for a
-- key that must be known and is not.
local log, state = KEYS[1], KEYS[2]
local id, n = ARGV[2], tonumber(ARGV[3])
local rates = tonumber(ARGV[8])

local clock = tonumber(ARGV[1])
if not clock then
  local time = redis.call('TIME')
  clock = time[1] * 1000000 + time[2]
end
local newest = redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')[2]
local now = math.max(clock, tonumber(newest) or clock)

local fields = {'memory', 'kept'}
for place = 1, rates do
  fields[3 * place], fields[3 * place + 1], fields[3 * place + 2] = 'due' .. place, 'pace' .. place, 'since' .. place
end
local known = redis.call('HMGET', state, unpack(fields))
if ARGV[5] == '1' and not known[1] then
  return {-1, 0}
end

local free = n
local buckets = {}
for place = 1, rates do
  local pace, burst = tonumber(ARGV[7 + 2 * place]), tonumber(ARGV[8 + 2 * place])
  local due, was, since = tonumber(known[3 * place]), tonumber(known[3 * place + 1]), tonumber(known[3 * place + 2])
  if not due then
    due, since = now, now
  elseif was ~= pace then
    due, since = now + math.ceil(math.max(due - now, 0) / was) * pace, now
  end
  due = math.max(due, now)
  buckets[place] = {due = due, pace = pace, since = since, burst = burst}
  free = math.min(free, math.floor((now + burst * pace - due) / pace))
end

local windows = {}
for at = 9 + 2 * rates, #ARGV, 2 do
  local limit, span = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local after = now - span + 1 -- a number that is handed to a call keeps its 16 digits, one in a text would not
  local count = redis.call('ZCOUNT', log, after, '+inf')
  windows[#windows + 1] = {limit = limit, span = span, after = after, count = count}
  free = math.min(free, limit - count)
end

local granted = math.max(free, 0)
if ARGV[4] == '1' and granted < n then
  granted = 0
end

-- The client repeats a call whose reply was lost: it was granted then, it is not spent again.
local repeated = false
local function remember() -- tells it by entries that are there already
  local entries, first = {}, id .. ':'
  for number = 0, granted - 1 do
    entries[#entries + 1] = now
    entries[#entries + 1] = first .. number
    if #entries == 1000 or number == granted - 1 then -- unpack has a limit of its own
      repeated = redis.call('ZADD', log, 'NX', unpack(entries)) < #entries / 2
      if repeated then
        return
      end
      entries = {}
    end
  end
end

if id ~= '' then
  if granted < n then
    repeated = redis.call('ZSCORE', log, id .. ':0')
  end
  if not repeated and granted > 0 then
    remember()
  end
end
if repeated then
  granted = 0
  while granted < n and redis.call('ZSCORE', log, id .. ':' .. granted) do
    granted = granted + 1
  end
end
local spent = repeated and 0 or granted

local ready = now
for _, bucket in ipairs(buckets) do
  ready = math.max(ready, bucket.due + (spent + 1 - bucket.burst) * bucket.pace)
end
for _, window in ipairs(windows) do
  local leaves = window.count + spent - window.limit -- the place of the entry that must leave the window first
  if leaves >= window.count then
    ready = math.max(ready, now + window.span)
  elseif leaves >= 0 then
    local entry = redis.call('ZRANGEBYSCORE', log, window.after, '+inf', 'WITHSCORES', 'LIMIT', leaves, 1)
    ready = math.max(ready, tonumber(entry[2]) + window.span)
  end
end

if id ~= '' and spent > 0 then
  local memory = math.max(tonumber(ARGV[6]), tonumber(known[1]) or 0)
  local slack = tonumber(ARGV[7])
  local changes = {}
  for place, bucket in ipairs(buckets) do
    changes[#changes + 1] = fields[3 * place]
    changes[#changes + 1] = bucket.due + spent * bucket.pace
    if tonumber(known[3 * place + 1]) ~= bucket.pace or tonumber(known[3 * place + 2]) ~= bucket.since then
      changes[#changes + 1] = fields[3 * place + 1]
      changes[#changes + 1] = bucket.pace
      changes[#changes + 1] = fields[3 * place + 2]
      changes[#changes + 1] = bucket.since
    end
  end
  -- How long the keys are kept is told to the server once in half the slack, and old entries are
  -- dropped then.
  local kept = tonumber(known[2])
  local renew = not kept or now - kept > slack / 2 or now < kept or tonumber(known[1]) ~= memory or clock < now
  if renew then
    changes[#changes + 1] = 'memory'
    changes[#changes + 1] = memory
    changes[#changes + 1] = 'kept'
    changes[#changes + 1] = now
  end
  if #changes > 0 then
    redis.call('HSET', state, unpack(changes))
  end
  if renew then
    redis.call('ZREMRANGEBYSCORE', log, '-inf', now - memory) -- after ZADD, which is where a full server refuses
    -- Counted from the clock, which may be behind: what is remembered must outlive the time at
    -- which it stands still.
    local life = math.ceil((now - clock + memory + slack) / 1000)
    redis.call('PEXPIRE', log, life)
    redis.call('PEXPIRE', state, life)
  end
end

local answer = {granted, ready > now and ready - clock or 0}
for _, window in ipairs(windows) do
  answer[#answer + 1] = window.count + spent
end
return answer
