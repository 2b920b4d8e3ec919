"""The persisted files under faults: killed anywhere, every call made to fail."""
import disk
import pytest
import victim


@pytest.mark.parametrize("name", disk.CASES)
def test_killed_at_any_call_every_file_is_the_old_or_the_new_one(disks, name, say):
    found, _ = disks.submit(victim.ask, disk.listed, name).result()
    points = disk.changing(found)
    assert len(points) > 10, points
    under_way = [disks.submit(victim.hurt, disk.killed, name, call) for call in points]
    complaints = [complaint for result in under_way for complaint in result.result()]
    say(f"{name} killed at {len(points)} of {len(found)} system calls, those that change something: {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", disk.CASES)
def test_a_failing_call_leaves_the_files_as_they_were(disks, name, say):
    found, lock = disks.submit(victim.ask, disk.listed, name).result()
    points = disk.failing(name, found, lock)
    assert len(points) > 20, points
    under_way = [disks.submit(victim.hurt, disk.failed, name, call, error) for call, error in points]
    complaints = [complaint for result in under_way for complaint in result.result()]
    say(f"{name} with {len(points)} failing calls: {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)
