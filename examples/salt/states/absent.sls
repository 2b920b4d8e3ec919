# Takes back what lvsarp did, the files for the next boot included. The VIPs of pillar must not be bound afterwards.
no real server any more:
  lvsarp.absent: []
