-- Forget permits that were never used; memory.py is the same in Python,
-- storage.py says what is kept.
-- KEYS  log, state
-- ARGV  clock ('' = the server's), id, first, end
-- Returns how many were still remembered.
local log, state = KEYS[1], KEYS[2]

local clock = tonumber(ARGV[1])
if not clock then
  local time = redis.call('TIME')
  clock = time[1] * 1000000 + time[2]
end
local newest = redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')[2]
local now = math.max(clock, tonumber(newest) or clock)

local found, granted_at = 0, now
for number = tonumber(ARGV[3]), tonumber(ARGV[4]) - 1 do
  local member = ARGV[2] .. ':' .. number
  local score = redis.call('ZSCORE', log, member)
  if score then
    found, granted_at = found + 1, tonumber(score)
    redis.call('ZREM', log, member)
  end
end
if found == 0 then
  return 0
end

local place = 1
while true do
  local bucket = redis.call('HMGET', state, 'due' .. place, 'pace' .. place, 'since' .. place)
  if not bucket[1] then
    return found
  end
  -- Time has paid since the grant, perhaps into a bucket that was full without it: only the rest is
  -- undone.
  -- Where the pace has changed since, it cannot be told how much time has paid: nothing is.
  if tonumber(bucket[3]) <= granted_at then
    local undone = math.max(0, found * tonumber(bucket[2]) - (now - granted_at))
    redis.call('HSET', state, 'due' .. place, string.format('%.0f', tonumber(bucket[1]) - undone))
  end
  place = place + 1
end
